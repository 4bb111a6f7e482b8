//! `spinet layers`: the registry of layer types.

use serde_json::{Value, json};
use spinet::LAYERS;
use spinet::nn::LayerEntry;

use crate::error::Error;
use crate::output::Output;
use crate::show::parameters;

const EXAMPLES: &str = "\
Examples:
  spinet layers
  spinet layers dense
  spinet train --layer dense:units=256,activation=relu --layer dense:units=64

In a config file, write one table per hidden layer, from input to output:
  [[layers]]
  name = \"dense\"
  units = 256
  activation = \"relu\"

The output layer has one unit per class of the data. `hidden = [256, 64]` with
`activation` is a short form for dense layers with the same activation.";

/// List layer types, their shapes and options.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Layers {
    /// Layer type [default: all].
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Layers {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let entries = match &self.name {
            Some(name) => vec![LayerEntry::find(name).map_err(spinet::train::Error::from)?],
            None => LAYERS.to_vec(),
        };
        if self.json {
            let layers: Vec<_> = entries.into_iter().map(object).collect();
            return output.json(&json!({ "layers": layers }));
        }
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                writeln!(output)?;
            }
            writeln!(output, "{}: {}", entry.name, entry.summary)?;
            writeln!(output, "  shapes: {}", entry.shapes)?;
            writeln!(output, "  reference: {}", entry.reference)?;
            parameters::show(entry.parameters, output)?;
        }
        Ok(())
    }
}

fn object(entry: &LayerEntry) -> Value {
    json!({
        "name": entry.name,
        "summary": entry.summary,
        "reference": entry.reference,
        "shapes": entry.shapes,
        "parameters": parameters::objects(entry.parameters),
    })
}
