//! `spinet export`: a model as a file of another program.

use std::path::PathBuf;

use serde_json::json;

use crate::error::Error;
use crate::model_file::ModelFile;
use crate::output::Output;
use crate::show::scores::kind;

const EXAMPLES: &str = "\
Examples:
  spinet export runs/mnist-1200-100-bdnn-dsd-seed0 --onnx digits.onnx
  spinet export model.safetensors --onnx model.onnx

In Python:
  session = onnxruntime.InferenceSession(\"digits.onnx\")
  probabilities, labels = session.run(None, {\"input\": images})

A model of images takes float32 pixels from 0 to 1, [samples, channels, height,
width]. A model of a table takes float64 features, [samples, features]: numbers
as they are in the table, and 0 or 1 for each category. Standardization is part
of the ONNX model. Its metadata lists the names of the classes and features.";

/// Export a model as ONNX.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// Model file, or run directory.
    model: PathBuf,
    /// ONNX file to write.
    #[arg(long, value_name = "FILE")]
    onnx: PathBuf,
    /// Print a JSON object with the path, inputs and outputs.
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let model = ModelFile::read(&self.model)?.model;
        model.save_onnx(&self.onnx)?;
        let number = if model.description.is_of_table() {
            "float64"
        } else {
            "float32"
        };
        let scores = match kind(&model) {
            "probability" => "probabilities",
            _ => "outputs",
        };
        let (input, classes) = (model.onnx_input(), model.network.classes());
        if self.json {
            return output.json(&json!({
                "onnx": self.onnx,
                "input": { "name": "input", "type": number, "shape": input },
                "outputs": [
                    { "name": scores, "type": "float32", "shape": [classes] },
                    { "name": "label", "type": "int64", "shape": [] },
                ],
            }));
        }
        writeln!(
            output,
            "{}: input {number} {}, outputs {scores} {} and label [samples]",
            self.onnx.display(),
            shape(&input),
            shape(&[classes]),
        )
    }
}

/// `[samples, 1, 28, 28]`.
fn shape(lengths: &[usize]) -> String {
    let lengths = lengths.iter().map(ToString::to_string);
    let all: Vec<String> = std::iter::once("samples".to_owned())
        .chain(lengths)
        .collect();
    format!("[{}]", all.join(", "))
}
