//! A graph that grows node by node.

use super::proto::{
    Attribute, AttributeType, DataType, Dimension, Graph, Length, Node, Shape, Tensor, TensorType,
    Type, Value,
};

/// The value of an attribute.
pub(super) enum Setting {
    Float(f32),
    Int(i64),
    Ints(Vec<i64>),
}

/// A graph in the making.
#[derive(Default)]
pub(super) struct Builder {
    graph: Graph,
}

impl Builder {
    /// Adds an operator with one output, and gives the name of that.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        options: Vec<(&str, Setting)>,
    ) -> String {
        let output = format!("{}_{}", operator.to_lowercase(), self.graph.node.len() + 1);
        self.named(operator, inputs, options, &output);
        output
    }

    /// The same, with a name for the output.
    pub(super) fn named(
        &mut self,
        operator: &str,
        inputs: &[&str],
        options: Vec<(&str, Setting)>,
        output: &str,
    ) {
        let attribute = options.into_iter().map(|(name, option)| {
            let mut attribute = Attribute {
                name: name.to_owned(),
                ..Attribute::default()
            };
            match option {
                Setting::Float(number) => {
                    attribute.f = Some(number);
                    attribute.set_type(AttributeType::Float);
                }
                Setting::Int(number) => {
                    attribute.i = Some(number);
                    attribute.set_type(AttributeType::Int);
                }
                Setting::Ints(numbers) => {
                    attribute.ints = numbers;
                    attribute.set_type(AttributeType::Ints);
                }
            }
            attribute
        });
        self.graph.node.push(Node {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: attribute.collect(),
        });
    }

    /// Adds a constant, and gives its name.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], numbers: &[f32]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        self.constant(name, shape, DataType::Float, bytes.collect())
    }

    pub(super) fn doubles(&mut self, name: &str, shape: &[usize], numbers: &[f64]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        self.constant(name, shape, DataType::Double, bytes.collect())
    }

    pub(super) fn integers(&mut self, name: &str, numbers: &[i64]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        self.constant(name, &[numbers.len()], DataType::Int64, bytes.collect())
    }

    fn constant(&mut self, name: &str, shape: &[usize], kind: DataType, bytes: Vec<u8>) -> String {
        self.graph.initializer.push(Tensor {
            dims: shape.iter().map(|length| *length as i64).collect(),
            data_type: kind.into(),
            name: name.to_owned(),
            raw_data: bytes,
        });
        name.to_owned()
    }

    /// The whole graph, with one input and these outputs; the first axis of each is open.
    pub(super) fn finish(
        mut self,
        input: (&str, DataType, &[usize]),
        outputs: &[(&str, DataType, &[usize])],
    ) -> Graph {
        self.graph.name.push_str("spinet");
        self.graph.input = vec![value(input)];
        self.graph.output = outputs.iter().copied().map(value).collect();
        self.graph
    }
}

fn value((name, kind, shape): (&str, DataType, &[usize])) -> Value {
    let fixed = shape.iter().map(|length| Length::Fixed(*length as i64));
    let lengths = std::iter::once(Length::Open("samples".to_owned())).chain(fixed);
    let dim = lengths.map(|length| Dimension {
        value: Some(length),
    });
    Value {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: kind.into(),
                shape: Some(Shape { dim: dim.collect() }),
            }),
        }),
    }
}
