//! What can be set on a rule or a layer, as people and programs read it.

use serde_json::{Value, json};
use spinet::rules::{Parameter, Range};

use crate::error::Error;
use crate::output::Output;

/// Two lines for each: its default, and what it does with its range.
pub(crate) fn show(parameters: &[Parameter], output: &mut Output) -> Result<(), Error> {
    for Parameter {
        name,
        summary,
        range,
    } in parameters
    {
        let default = match range {
            // With an exponent where it would be long.
            Range::Number { default, .. } if *default != 0.0 && default.abs() < 1e-4 => {
                format!("{default:e}")
            }
            _ => range.default_text(),
        };
        writeln!(output, "  {name} = {default}")?;
        writeln!(output, "      {summary}; {range}")?;
    }
    Ok(())
}

/// An object for each.
pub(crate) fn objects(parameters: &[Parameter]) -> Vec<Value> {
    let object = |parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "summary": parameter.summary,
            "default": default(&parameter.range),
            "range": parameter.range.to_string(),
        })
    };
    parameters.iter().map(object).collect()
}

fn default(range: &Range) -> Value {
    match range {
        Range::Number { default, .. } => json!(default),
        Range::Count { default, .. } => json!(default),
        Range::Choice { .. } | Range::Layers => json!(range.default_text()),
    }
}
