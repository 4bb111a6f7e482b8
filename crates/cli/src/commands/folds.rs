//! `spinet train --folds N`: cross-validation, without files.

use serde_json::json;
use spinet::{Dataset, Model, Threads, TrainConfig, Trainer};

use crate::error::Error;
use crate::output::Output;
use crate::show::assessment::in_words_of_mean;
use crate::show::escape::on_one_line;
use crate::show::number::thousands;

/// Trains without each fold in turn, and prints the evaluation on it.
pub(crate) fn cross_validate(
    config: &TrainConfig,
    data: &Dataset,
    folds: usize,
    threads: &Threads,
    json: bool,
    output: &mut Output,
) -> Result<(), Error> {
    let parts = data
        .folds(folds, &config.folds_key())
        .map_err(spinet::Error::from)?;
    let (mut results, mut all_scores) = (Vec::new(), Vec::new());
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
        let scores = Model::of(&trainer, &fold).assess(&fold.test, threads.clone())?;
        if !json {
            writeln!(
                output,
                "fold {}: {} {} (loss {:.4}), {} training and {} validation samples",
                index + 1,
                last.measure.name(),
                last.measure,
                last.test_loss,
                thousands(fold.train.len() as u64),
                thousands(fold.test.len() as u64)
            )?;
        }
        results.push((last.measure, last.test_loss, fold.test.len()));
        all_scores.push(scores);
    }
    let count = results.len() as f64;
    let values = || results.iter().map(|result| result.0.value());
    let mean = values().sum::<f64>() / count;
    let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    let measure = results[0].0;
    let key = measure.name().to_lowercase();
    if json {
        let folds: Vec<_> = results
            .iter()
            .zip(&all_scores)
            .map(|((measure, loss, samples), scores)| {
                json!({
                    (key.as_str()): measure.value(),
                    "loss": loss,
                    "samples": samples,
                    "scores": scores,
                })
            })
            .collect();
        return output.json(&json!({
            "data": data.name,
            "folds": folds,
            (format!("mean_{key}")): mean,
            "standard_deviation": deviation,
        }));
    }
    writeln!(
        output,
        "validation {}: {} ± {} (mean and standard deviation over the folds)",
        measure.name(),
        measure.with(mean),
        measure.with(deviation)
    )?;
    writeln!(output, "mean: {}", in_words_of_mean(&all_scores))
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
