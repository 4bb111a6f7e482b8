//! The options of a rule or a layer type, as text and as JSON.

use serde_json::{Value, json};
use spinet::rules::{Parameter, Range};

use crate::error::Error;
use crate::output::Output;

/// Width of a line of text.
const WIDTH: usize = 90;

/// Each with its default, and below it what it does and its range.
pub(crate) fn show(parameters: &[Parameter], output: &mut Output) -> Result<(), Error> {
    for Parameter {
        name,
        summary,
        range,
        ..
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
        for line in lines(&format!("{summary}; {range}"), WIDTH - 6) {
            writeln!(output, "      {line}")?;
        }
    }
    Ok(())
}

/// The words of a text in lines of at most `width` characters.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_broken_between_words() {
        assert_eq!(lines("a bc def", 4), ["a bc", "def"]);
        assert_eq!(lines("abcdef g", 4), ["abcdef", "g"]);
        assert_eq!(lines("", 4), [""]);
    }
}
