//! `spinet rules`: the registry of learning rules.

use serde_json::{Value, json};
use spinet::RULES;
use spinet::rules::{Role, RuleEntry, Seam, find};

use crate::error::Error;
use crate::output::Output;
use crate::show::parameters;

const EXAMPLES: &str = "\
Examples:
  spinet rules
  spinet rules bdnn-dsd
  spinet train --rule bdnn-dsd:threshold=20 --rule dropout";

/// List learning rules and optimizers with their options.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rules {
    /// Rule or optimizer [default: all].
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Rules {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        let entries = match &self.name {
            Some(name) => vec![find(name)?],
            None => RULES.to_vec(),
        };
        if self.json {
            let rules: Vec<_> = entries.into_iter().map(object).collect();
            return output.json(&json!({ "rules": rules }));
        }
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                writeln!(output)?;
            }
            show(entry, output)?;
        }
        Ok(())
    }
}

fn show(entry: &RuleEntry, output: &mut Output) -> Result<(), Error> {
    writeln!(output, "{}: {}", entry.name, entry.summary)?;
    if entry.role == Role::Optimizer {
        writeln!(output, "  optimizer: one per run")?;
    } else {
        let places: Vec<_> = entry
            .seams
            .iter()
            .map(|seam| seam_in_words(*seam))
            .collect();
        writeln!(output, "  acts on: {}", places.join(", "))?;
    }
    writeln!(output, "  reference: {}", entry.reference)?;
    parameters::show(entry.parameters, output)
}

fn seam_in_words(seam: Seam) -> &'static str {
    match seam {
        Seam::Activation => "activations (training only)",
        Seam::WeightView => "weights used in a step",
        Seam::Feedback => "backward weights",
        Seam::ErrorSignal => "error signals",
        Seam::Gradient => "gradients",
        Seam::AfterUpdate => "weights after the update",
    }
}

fn object(entry: &RuleEntry) -> Value {
    json!({
        "name": entry.name,
        "role": match entry.role { Role::Optimizer => "optimizer", Role::Rule => "rule" },
        "summary": entry.summary,
        "reference": entry.reference,
        "seams": entry.seams,
        "parameters": parameters::objects(entry.parameters),
    })
}
