//! Models as ONNX files, which `onnxruntime` and other programs run.
//!
//! | | name | type | shape |
//! | --- | --- | --- | --- |
//! | input of a model of images | `input` | float32 | `[samples, channels, height, width]`, pixels from 0 to 1 |
//! | input of a model of a table | `input` | float64 | `[samples, features]`, numbers as they are in the table |
//! | output | `probabilities`, or `outputs` where the loss gives none | float32 | `[samples, classes]` |
//! | output | `label` | int64 | `[samples]`, the class of the largest one, counted from 0 |
//!
//! Standardization is part of the graph. What a table's columns become before it (one feature for
//! each category, values for missing cells) is not; the metadata has the names of the `features`,
//! and those of the `classes`, as JSON.
//!
//! Between layers ONNX has images as `[channels, height, width]`, spinet as `[height, width,
//! channels]`: kernels are turned over, and planes where they become rows.

#![allow(
    clippy::cast_possible_wrap,
    reason = "lengths of arrays that are in memory"
)]

mod graph;
mod layers;
mod proto;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use prost::Message;
use spinet_data::{Encoding, PlannedColumn, TablePlan};
use spinet_nn::{Loss, Standardizer};

use self::graph::{Builder, Setting};
use self::proto::{DataType, OperatorSet, Property};
use crate::{Description, Error, Model, store};

/// Version of the operators and of the file format: of 2021, which every runtime in use reads.
const OPERATORS: i64 = 15;
const FORMAT: i64 = 8;
const PRODUCER: &str = "spinet";
/// Most bytes of a Protocol Buffers message.
const MOST_BYTES: usize = i32::MAX as usize;

impl Model {
    /// Lengths of a sample in an ONNX file: channels, height and width of an image, or features.
    pub fn onnx_input(&self) -> Vec<usize> {
        let Description {
            shape: [rows, columns],
            channels,
            ..
        } = self.description;
        if self.description.is_of_table() {
            vec![self.network.inputs()]
        } else {
            vec![channels, rows / channels, columns]
        }
    }

    /// The model as the bytes of an ONNX file (operator set 15): standardization, the network and
    /// the class of each sample. The numbers agree with those of [`predict_proba`](Self::predict_proba)
    /// to about 1e-6.
    ///
    /// # Errors
    ///
    /// [`Error::TooLargeForOnnx`] above 2 GiB, [`Error::TargetForOnnx`] for a model that predicts
    /// something else than classes.
    pub fn to_onnx(&self) -> Result<Vec<u8>, Error> {
        if !self.description.target.is_classification() {
            return Err(Error::TargetForOnnx);
        }
        let (is_table, shape) = (self.description.is_of_table(), self.onnx_input());
        let mut graph = Builder::default();
        let prepared = if is_table {
            self.standardized_numbers(&mut graph)
        } else {
            self.standardized_pixels(&mut graph, &shape)
        };
        let outputs = layers::push(&mut graph, &self.network, prepared, !is_table);
        let scores = match self.network.config().loss {
            Loss::CrossEntropy => "probabilities",
            _ => "outputs",
        };
        let axis = || vec![("axis", Setting::Int(1))];
        match self.network.config().loss {
            Loss::CrossEntropy => graph.named("Softmax", &[&outputs], axis(), scores),
            _ => graph.named("Identity", &[&outputs], Vec::new(), scores),
        }
        let mut of_label = axis();
        of_label.push(("keepdims", Setting::Int(0)));
        graph.named("ArgMax", &[scores], of_label, "label");
        let kind = if is_table {
            DataType::Double
        } else {
            DataType::Float
        };
        let graph = graph.finish(
            ("input", kind, &shape),
            &[
                (scores, DataType::Float, &[self.network.classes()]),
                ("label", DataType::Int64, &[]),
            ],
        );
        let model = proto::Model {
            ir_version: FORMAT,
            producer_name: PRODUCER.to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSet {
                domain: String::new(),
                version: OPERATORS,
            }],
            metadata_props: self.metadata(),
        };
        match model.encoded_len() {
            bytes if bytes > MOST_BYTES => Err(Error::TooLargeForOnnx {
                found: bytes,
                most: MOST_BYTES,
            }),
            _ => Ok(model.encode_to_vec()),
        }
    }

    /// Writes [`to_onnx`](Self::to_onnx) to a file, atomically. A file that is there already is
    /// replaced if this program made it.
    ///
    /// # Errors
    ///
    /// As [`to_onnx`](Self::to_onnx); [`Error::NotOurs`] for another file of this name;
    /// [`Error::Storage`].
    pub fn save_onnx(&self, path: &Path) -> Result<(), Error> {
        let bytes = self.to_onnx()?;
        if store::is_there(path) && !is_ours(path) {
            return Err(Error::NotOurs {
                path: path.to_owned(),
            });
        }
        store::write_atomically(path, &bytes)
    }

    /// Names of classes, and of a table's features.
    fn metadata(&self) -> Vec<Property> {
        let list = |key: &str, names: &[String]| Property {
            key: key.to_owned(),
            value: serde_json::json!(names).to_string(),
        };
        let mut all = vec![list("classes", &self.description.classes)];
        if let Some(columns) = &self.description.columns {
            all.push(list("features", &feature_names(columns)));
        }
        all
    }

    /// `(x - mean) / deviation`, in double precision as at training.
    fn standardized_numbers(&self, graph: &mut Builder) -> String {
        let Some(constants) = &self.description.standardisation else {
            return graph.node("Cast", &["input"], cast(DataType::Float));
        };
        let features = constants.features();
        let deviation: Vec<f64> = (constants.deviation.iter())
            .map(|deviation| if *deviation > 0.0 { *deviation } else { 1.0 })
            .collect();
        let mean = graph.doubles("mean", &[1, features], &constants.mean);
        let deviation = graph.doubles("deviation", &[1, features], &deviation);
        let centred = graph.node("Sub", &["input", &mean], Vec::new());
        let numbers = graph.node("Div", &[&centred, &deviation], Vec::new());
        graph.node("Cast", &[&numbers], cast(DataType::Float))
    }

    /// The same of pixels, by the constants of each, of each image, or of all.
    fn standardized_pixels(&self, graph: &mut Builder, shape: &[usize]) -> String {
        let inverse = |deviation: f64| {
            if deviation > 0.0 {
                1.0 / deviation
            } else {
                0.0
            }
        };
        let (mean, factor, shape) = match self.description.standardizer() {
            None => return "input".to_owned(),
            Some(Standardizer::Image) => return standardized_images(graph),
            Some(Standardizer::Global { mean, deviation }) => {
                (vec![mean], vec![inverse(deviation)], vec![1; 4])
            }
            Some(Standardizer::Feature { mean, deviation }) => {
                let factor = deviation.into_iter().map(inverse).collect();
                (mean, factor, [&[1], shape].concat())
            }
        };
        let single =
            |numbers: &[f64]| -> Vec<f32> { numbers.iter().map(|number| *number as f32).collect() };
        let mean = graph.floats("mean", &shape, &single(&mean));
        let factor = graph.floats("factor", &shape, &single(&factor));
        let centred = graph.node("Sub", &["input", &mean], Vec::new());
        graph.node("Mul", &[&centred, &factor], Vec::new())
    }
}

/// Whether a file begins as those that are written here: with the format and the producer.
fn is_ours(path: &Path) -> bool {
    let head = proto::Model {
        ir_version: FORMAT,
        producer_name: PRODUCER.to_owned(),
        ..proto::Model::default()
    };
    let head = head.encode_to_vec();
    let mut found = vec![0; head.len()];
    path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut found).is_ok())
        && found == head
}

/// Each image less its mean, over its deviation; a constant image becomes 0. The pixels are brought
/// back to whole numbers, so that the mean of a constant image is exact.
fn standardized_images(graph: &mut Builder) -> String {
    let mean = |graph: &mut Builder, values: &str| {
        graph.node(
            "ReduceMean",
            &[values],
            vec![("axes", Setting::Ints(vec![1, 2, 3]))],
        )
    };
    let full = graph.floats("white", &[], &[255.0]);
    let pixels = graph.node("Mul", &["input", &full], Vec::new());
    let middle = mean(graph, &pixels);
    let centred = graph.node("Sub", &[&pixels, &middle], Vec::new());
    let square = graph.node("Mul", &[&centred, &centred], Vec::new());
    let variance = mean(graph, &square);
    let deviation = graph.node("Sqrt", &[&variance], Vec::new());
    let least = graph.floats("least_deviation", &[], &[1e-6]);
    let deviation = graph.node("Max", &[&deviation, &least], Vec::new());
    graph.node("Div", &[&centred, &deviation], Vec::new())
}

fn cast(to: DataType) -> Vec<(&'static str, Setting)> {
    vec![("to", Setting::Int(i32::from(to).into()))]
}

/// Names of the features that the columns of a table become: that of the column, `column = category`,
/// or `column is missing`.
fn feature_names(plan: &TablePlan) -> Vec<String> {
    let of_column = |column: &PlannedColumn| {
        let name = match &column.name {
            Some(name) => name.clone(),
            None => format!("column {}", column.position + 1),
        };
        let mut names = match &column.encoding {
            Encoding::Categorical { categories, .. } => (categories.iter())
                .map(|category| format!("{name} = {category}"))
                .collect(),
            _ => vec![name.clone()],
        };
        if column.has_indicator {
            names.push(format!("{name} is missing"));
        }
        names
    };
    plan.columns.iter().flat_map(of_column).collect()
}
