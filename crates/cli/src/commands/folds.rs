//! `spinet train --folds N`: cross-validation, without files.

use serde_json::json;
use spinet::{Source, Threads, TrainConfig, Trainer};

use crate::error::Error;
use crate::output::Output;
use crate::show::escape::on_one_line;
use crate::show::number::{percent, thousands};

/// Trains without each fold in turn, and prints the evaluation on it.
pub(crate) fn cross_validate(
    config: &TrainConfig,
    source: &Source,
    folds: usize,
    threads: &Threads,
    json: bool,
    output: &mut Output,
) -> Result<(), Error> {
    let data = config.load_for_folds(source)?;
    show_notes(&data, output);
    let parts = data
        .folds(folds, &config.folds_key())
        .map_err(spinet::Error::from)?;
    let mut results = Vec::new();
    let config = TrainConfig {
        evaluate_every: config.epochs,
        ..config.clone()
    };
    if !json {
        writeln!(
            output,
            "data: {}, {} samples in {folds} folds",
            on_one_line(&data.name),
            thousands(data.train.len() as u64)
        )?;
    }
    for (index, part) in parts.iter().enumerate() {
        let fold = data.fold(part).map_err(spinet::Error::from)?;
        let mut trainer = Trainer::new(&config, &fold, threads.clone())?;
        let curve = trainer.run(&mut |_| {})?;
        let last = &curve[curve.len() - 1];
        if !json {
            writeln!(
                output,
                "fold {}: accuracy {} (loss {:.4}), {} training and {} validation samples",
                index + 1,
                percent(last.accuracy),
                last.test_loss,
                thousands(fold.train.len() as u64),
                thousands(fold.test.len() as u64)
            )?;
        }
        results.push((last.accuracy, last.test_loss, fold.test.len()));
    }
    let count = results.len() as f64;
    let mean = results.iter().map(|result| result.0).sum::<f64>() / count;
    let squares: f64 = results.iter().map(|result| (result.0 - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    if json {
        let folds: Vec<_> = results
            .iter()
            .map(|(accuracy, loss, samples)| {
                json!({ "accuracy": accuracy, "loss": loss, "samples": samples })
            })
            .collect();
        return output.json(&json!({
            "data": data.name,
            "folds": folds,
            "mean_accuracy": mean,
            "standard_deviation": deviation,
        }));
    }
    writeln!(
        output,
        "validation accuracy: {} ± {} (mean and standard deviation over the folds)",
        percent(mean),
        percent(deviation)
    )
}

/// What was done to a table, in one line.
pub(crate) fn show_notes(data: &spinet::Dataset, output: &Output) {
    if let Some(table) = &data.table {
        show_sentences(&data.name, &table.notes, output);
    }
}

/// The same, of the rows of a file.
pub(crate) fn show_sentences(name: &str, notes: &[String], output: &Output) {
    if !notes.is_empty() {
        output.note(&format!("{}: {}", on_one_line(name), notes.join("; ")));
    }
}
