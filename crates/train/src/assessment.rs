//! All scores of a model on labeled samples, by what it predicts.
//!
//! ```text
//! recall_k, precision_k    right samples of class k, over its samples, and over those predicted as k
//! balanced accuracy        mean of the recalls of the classes that have samples
//! macro F1                 mean of 2 precision recall / (precision + recall), 0 where both are 0
//! log loss                 -1/n sum log p of the true class, p at least 1.2e-7
//! ROC AUC                  P(score of a sample of the class > that of another), ties half; mean over the classes
//! R2                       1 - sum (y - t)^2 / sum (t - mean t)^2
//! ```
//!
//! Definitions are those of scikit-learn, of ROC AUC with `multi_class="ovr"`. Weights of samples
//! count in training only.

use serde::Serialize;
use spinet_data::{Samples, Target};
use spinet_nn::{Loss, Threads, largest};

use crate::evaluation::r2_of;
use crate::{Error, Model, each_sample};

/// The scores of a model, by what it predicts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Assessment {
    /// One class of several.
    Classes(ClassScores),
    /// Labels that are yes or no.
    Labels(LabelScores),
    /// Numbers.
    Numbers(NumberScores),
}

/// Scores of a classification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScores {
    /// Samples whose class is predicted right.
    pub right: usize,
    /// Fraction of the samples whose class is predicted right.
    pub accuracy: f64,
    /// Mean of the recalls of the classes that have samples.
    pub balanced_accuracy: f64,
    /// Mean of the F1 scores of the classes that have samples or are predicted.
    pub macro_f1: f64,
    /// Mean negative logarithm of the probability of the true class; none if the outputs are no
    /// probabilities.
    pub log_loss: Option<f64>,
    /// Area under the receiver operating characteristic, mean over the classes; none if a class has
    /// no samples or all.
    pub roc_auc: Option<f64>,
    /// One for each class.
    pub classes: Vec<ClassScore>,
    /// Rows are the true class, columns the predicted class.
    pub confusion: Vec<Vec<usize>>,
}

/// Scores of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScore {
    /// Its name.
    pub class: String,
    /// Its samples.
    pub samples: usize,
    /// Those of them that are predicted right.
    pub right: usize,
    /// Its recall; none without samples.
    pub accuracy: Option<f64>,
    /// Fraction of the samples predicted as this class that are of it; none if there are none.
    pub precision: Option<f64>,
    /// Harmonic mean of precision and recall; none without samples that are of it or predicted so.
    pub f1: Option<f64>,
}

/// Scores of labels that are yes or no.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScores {
    /// Samples whose every label is predicted right.
    pub right: usize,
    /// Fraction of the samples whose every label is predicted right.
    pub accuracy: f64,
    /// Mean of the F1 scores of the labels.
    pub macro_f1: f64,
    /// Mean of the areas under the receiver operating characteristics of the labels; none if a label
    /// has no samples or all.
    pub roc_auc: Option<f64>,
    /// One for each label.
    pub labels: Vec<ClassScore>,
}

/// Scores of numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberScores {
    /// Mean of those of the columns.
    pub r2: f64,
    /// Mean of those of the columns.
    pub rmse: f64,
    /// Mean of those of the columns.
    pub mae: f64,
    /// One for each column.
    pub numbers: Vec<NumberScore>,
}

/// Scores of one number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberScore {
    /// Its column.
    pub name: String,
    /// At most 1; 1 is best, 0 that of the mean.
    pub r2: f64,
    /// Root of the mean squared error, in the units of the column.
    pub rmse: f64,
    /// Mean absolute error, in the units of the column.
    pub mae: f64,
}

impl Model {
    /// All scores on labeled samples.
    ///
    /// # Errors
    ///
    /// As [`score`](Self::score).
    pub fn assess(&self, samples: &Samples, threads: Threads) -> Result<Assessment, Error> {
        let width = self.network.classes();
        let mut outputs = Vec::with_capacity(samples.len() * width);
        each_sample(self, samples.values(), threads, |_, scores| {
            outputs.extend_from_slice(scores);
            Ok::<(), Error>(())
        })?;
        let names = &self.description.classes;
        Ok(match &self.description.target {
            Target::Classification => {
                let are_probabilities = self.network.config().loss == Loss::CrossEntropy;
                Assessment::Classes(of_classes(
                    names,
                    samples.labels(),
                    &outputs,
                    are_probabilities,
                ))
            }
            Target::MultiLabel { .. } => {
                let truth = samples.targets().map_or(&[][..], |(numbers, _)| numbers);
                Assessment::Labels(of_labels(names, truth, &outputs))
            }
            Target::Regression { numbers } => {
                let truth = samples.targets().map_or(&[][..], |(numbers, _)| numbers);
                let score = |(index, target): (usize, &spinet_data::NumberTarget)| {
                    let column = |numbers: &[f32]| {
                        let own = numbers.iter().skip(index).step_by(width);
                        own.map(|number| target.number(*number))
                            .collect::<Vec<f64>>()
                    };
                    of_number(&target.name, &column(truth), &column(&outputs))
                };
                let numbers: Vec<NumberScore> = numbers.iter().enumerate().map(score).collect();
                let mean = |of: fn(&NumberScore) -> f64| {
                    numbers.iter().map(of).sum::<f64>() / numbers.len() as f64
                };
                Assessment::Numbers(NumberScores {
                    r2: mean(|score| score.r2),
                    rmse: mean(|score| score.rmse),
                    mae: mean(|score| score.mae),
                    numbers,
                })
            }
        })
    }
}

fn of_classes(
    names: &[String],
    labels: &[u8],
    outputs: &[f32],
    are_probabilities: bool,
) -> ClassScores {
    let width = names.len();
    let mut confusion = vec![vec![0; width]; width];
    let mut log_loss = 0.0;
    for (row, label) in outputs.chunks_exact(width).zip(labels) {
        let label = usize::from(*label);
        confusion[label][usize::from(largest(row))] += 1;
        log_loss -= f64::from(row[label].max(f32::EPSILON)).ln();
    }
    let classes: Vec<ClassScore> = (names.iter().enumerate())
        .map(|(class, name)| {
            let predicted = confusion.iter().map(|row| row[class]).sum();
            let samples = confusion[class].iter().sum();
            class_score(name, samples, confusion[class][class], predicted)
        })
        .collect();
    let right = classes.iter().map(|class| class.right).sum();
    let areas = (0..width).map(|class| {
        let scores: Vec<f32> = outputs.iter().skip(class).step_by(width).copied().collect();
        let is_own = |row: usize| usize::from(labels[row]) == class;
        area(&scores, is_own)
    });
    ClassScores {
        right,
        accuracy: ratio(right, labels.len()).unwrap_or(0.0),
        balanced_accuracy: mean(classes.iter().map(|class| class.accuracy)).unwrap_or(0.0),
        macro_f1: mean(classes.iter().map(|class| class.f1)).unwrap_or(0.0),
        log_loss: are_probabilities.then(|| log_loss / labels.len().max(1) as f64),
        roc_auc: mean_of_all(areas),
        classes,
        confusion,
    }
}

fn of_labels(names: &[String], truth: &[f32], outputs: &[f32]) -> LabelScores {
    let width = names.len();
    let rows = || truth.chunks_exact(width).zip(outputs.chunks_exact(width));
    let is_yes = |output: &f32| *output > 0.5;
    let is_right = |(truth, outputs): &(&[f32], &[f32])| {
        (truth.iter().zip(*outputs)).all(|(truth, output)| is_yes(truth) == is_yes(output))
    };
    let right = rows().filter(is_right).count();
    let count = |label: usize, of: fn(bool, bool) -> bool| {
        rows()
            .filter(|(truth, outputs)| of(is_yes(&truth[label]), is_yes(&outputs[label])))
            .count()
    };
    let labels: Vec<ClassScore> = (names.iter().enumerate())
        .map(|(label, name)| {
            class_score(
                name,
                count(label, |truth, _| truth),
                count(label, |truth, output| truth && output),
                count(label, |_, output| output),
            )
        })
        .collect();
    let areas = (0..width).map(|label| {
        let scores: Vec<f32> = outputs.iter().skip(label).step_by(width).copied().collect();
        area(&scores, |row| is_yes(&truth[row * width + label]))
    });
    LabelScores {
        right,
        accuracy: ratio(right, truth.len() / width.max(1)).unwrap_or(0.0),
        macro_f1: mean(labels.iter().map(|label| label.f1)).unwrap_or(0.0),
        roc_auc: mean_of_all(areas),
        labels,
    }
}

fn class_score(name: &str, samples: usize, right: usize, predicted: usize) -> ClassScore {
    ClassScore {
        class: name.to_owned(),
        samples,
        right,
        accuracy: ratio(right, samples),
        precision: ratio(right, predicted),
        f1: ratio(2 * right, samples + predicted),
    }
}

fn of_number(name: &str, truth: &[f64], found: &[f64]) -> NumberScore {
    let count = truth.len().max(1) as f64;
    let center = truth.iter().sum::<f64>() / count;
    let spread: f64 = truth.iter().map(|number| (number - center).powi(2)).sum();
    let errors = || truth.iter().zip(found).map(|(truth, found)| found - truth);
    let squares: f64 = errors().map(|error| error * error).sum();
    NumberScore {
        name: name.to_owned(),
        r2: r2_of(squares, spread),
        rmse: (squares / count).sqrt(),
        mae: errors().map(f64::abs).sum::<f64>() / count,
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean of those that there are.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let found: Vec<f64> = values.flatten().collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

/// The mean, if all are there.
fn mean_of_all(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let found: Option<Vec<f64>> = values.collect();
    found.and_then(|found| mean(found.into_iter().map(Some)))
}

/// The probability that a sample that is of a class has a higher score than one that is not; ties
/// count half. None if there are no samples of one of both kinds.
fn area(scores: &[f32], is_own: impl Fn(usize) -> bool) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let (mut own, mut below, mut pairs) = (0_usize, 0_usize, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let of_class = tied.iter().filter(|row| is_own(**row)).count();
        let others = tied.len() - of_class;
        pairs += of_class as f64 * (below as f64 + others as f64 / 2.0);
        own += of_class;
        below += others;
    }
    (own > 0 && below > 0).then(|| pairs / (own as f64 * below as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_classes_are_those_of_scikit_learn() {
        // y_true = [0, 0, 0, 1, 1, 2], with these probabilities.
        let names = ["a", "b", "c"].map(String::from);
        let outputs = [
            [0.7, 0.2, 0.1],
            [0.6, 0.3, 0.1],
            [0.2, 0.5, 0.3],
            [0.1, 0.8, 0.1],
            [0.4, 0.35, 0.25],
            [0.2, 0.2, 0.6],
        ];
        let found = of_classes(&names, &[0, 0, 0, 1, 1, 2], outputs.as_flattened(), true);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}");
        near(found.accuracy, 4.0 / 6.0);
        near(found.balanced_accuracy, (2.0 / 3.0 + 0.5 + 1.0) / 3.0);
        near(found.macro_f1, (2.0 / 3.0 + 0.5 + 1.0) / 3.0);
        let log_loss: f64 = [0.7_f64, 0.6, 0.2, 0.8, 0.35, 0.6]
            .iter()
            .map(|p| -p.ln())
            .sum();
        near(found.log_loss.unwrap(), log_loss / 6.0);
        near(found.roc_auc.unwrap(), (7.5 / 9.0 + 7.0 / 8.0 + 1.0) / 3.0);
        assert_eq!(found.confusion, [[2, 1, 0], [1, 1, 0], [0, 0, 1]]);
        assert_eq!(found.classes[1].precision, Some(0.5));
    }

    #[test]
    fn scores_of_numbers_are_in_their_units() {
        let found = of_number("price", &[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 2.0]);
        assert_eq!((found.r2, found.mae), (0.0, 0.75));
        assert!((found.rmse - 1.25_f64.sqrt()).abs() < 1e-15);
        assert_eq!(of_number("same", &[2.0, 2.0], &[2.0, 2.0]).r2, 1.0);
        assert_eq!(of_number("same", &[2.0, 2.0], &[2.0, 3.0]).r2, 0.0);
    }

    #[test]
    fn a_sample_is_right_if_all_its_labels_are() {
        let names = ["red", "round"].map(String::from);
        let (truth, outputs) = ([1.0, 0.0, 1.0, 1.0], [0.9, 0.2, 0.6, 0.4]);
        let found = of_labels(&names, &truth, &outputs);
        assert_eq!((found.right, found.accuracy), (1, 0.5));
        assert_eq!(found.labels[0].f1, Some(1.0));
        assert_eq!((found.labels[1].f1, found.macro_f1), (Some(0.0), 0.5));
        assert_eq!(found.roc_auc, None, "all samples are red");
    }
}
