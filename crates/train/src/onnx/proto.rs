//! The parts of an ONNX file that a trained network needs, as Protocol Buffers messages. Names and
//! numbers of fields are those of `onnx.proto`, version 8 of the intermediate representation.

use prost::{Enumeration, Message, Oneof};

/// A whole file.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Model {
    #[prost(int64, tag = 1)]
    pub(super) ir_version: i64,
    #[prost(string, tag = 2)]
    pub(super) producer_name: String,
    #[prost(string, tag = 3)]
    pub(super) producer_version: String,
    #[prost(message, optional, tag = 7)]
    pub(super) graph: Option<Graph>,
    #[prost(message, repeated, tag = 8)]
    pub(super) opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = 14)]
    pub(super) metadata_props: Vec<Property>,
}

/// The version of the operators; an empty domain stands for those of ONNX itself.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OperatorSet {
    #[prost(string, tag = 1)]
    pub(super) domain: String,
    #[prost(int64, tag = 2)]
    pub(super) version: i64,
}

/// An entry of the metadata.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Property {
    #[prost(string, tag = 1)]
    pub(super) key: String,
    #[prost(string, tag = 2)]
    pub(super) value: String,
}

/// Nodes in the order of computation, and constants.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Graph {
    #[prost(message, repeated, tag = 1)]
    pub(super) node: Vec<Node>,
    #[prost(string, tag = 2)]
    pub(super) name: String,
    #[prost(message, repeated, tag = 5)]
    pub(super) initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = 11)]
    pub(super) input: Vec<Value>,
    #[prost(message, repeated, tag = 12)]
    pub(super) output: Vec<Value>,
}

/// An operator with the names of its inputs and outputs.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(string, repeated, tag = 1)]
    pub(super) input: Vec<String>,
    #[prost(string, repeated, tag = 2)]
    pub(super) output: Vec<String>,
    #[prost(string, tag = 3)]
    pub(super) name: String,
    #[prost(string, tag = 4)]
    pub(super) op_type: String,
    #[prost(message, repeated, tag = 5)]
    pub(super) attribute: Vec<Attribute>,
}

/// An option of an operator.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, tag = 1)]
    pub(super) name: String,
    #[prost(float, optional, tag = 2)]
    pub(super) f: Option<f32>,
    #[prost(int64, optional, tag = 3)]
    pub(super) i: Option<i64>,
    #[prost(int64, repeated, tag = 8)]
    pub(super) ints: Vec<i64>,
    #[prost(enumeration = "AttributeType", tag = 20)]
    pub(super) r#type: i32,
}

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(super) enum AttributeType {
    Undefined = 0,
    Float = 1,
    Int = 2,
    Ints = 7,
}

/// The type of a tensor's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(super) enum DataType {
    Undefined = 0,
    Float = 1,
    Int64 = 7,
    Double = 11,
}

/// A constant, its numbers in little-endian bytes.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int64, repeated, tag = 1)]
    pub(super) dims: Vec<i64>,
    #[prost(enumeration = "DataType", tag = 2)]
    pub(super) data_type: i32,
    #[prost(string, tag = 8)]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = 9)]
    pub(super) raw_data: Vec<u8>,
}

/// An input or output of the graph.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = 1)]
    pub(super) name: String,
    #[prost(message, optional, tag = 2)]
    pub(super) r#type: Option<Type>,
}

/// Its type: always a tensor.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Type {
    #[prost(message, optional, tag = 1)]
    pub(super) tensor_type: Option<TensorType>,
}

/// The type and shape of a tensor.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorType {
    #[prost(enumeration = "DataType", tag = 1)]
    pub(super) elem_type: i32,
    #[prost(message, optional, tag = 2)]
    pub(super) shape: Option<Shape>,
}

/// The shape of a tensor.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Shape {
    #[prost(message, repeated, tag = 1)]
    pub(super) dim: Vec<Dimension>,
}

/// An axis of a shape.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Dimension {
    #[prost(oneof = "Length", tags = "1, 2")]
    pub(super) value: Option<Length>,
}

/// A fixed length, or the name of one that is open.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Length {
    #[prost(int64, tag = 1)]
    Fixed(i64),
    #[prost(string, tag = 2)]
    Open(String),
}
