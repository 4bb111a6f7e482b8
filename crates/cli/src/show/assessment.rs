//! The scores of a model in words.

use spinet::train::{Assessment, ClassScores, LabelScores, NumberScores};

use crate::show::escape::on_one_line;
use crate::show::number::percent;

/// All scores but the accuracy or R2, in one line.
pub(crate) fn in_words(assessment: &Assessment) -> String {
    let optional = |name: &str, value: &Option<f64>| {
        value.map_or_else(String::new, |value| format!(", {name} {value:.4}"))
    };
    match assessment {
        Assessment::Classes(ClassScores {
            balanced_accuracy,
            macro_f1,
            log_loss,
            roc_auc,
            ..
        }) => format!(
            "balanced accuracy {}, macro F1 {macro_f1:.4}{}{}",
            percent(*balanced_accuracy),
            optional("log loss", log_loss),
            optional("ROC AUC", roc_auc)
        ),
        Assessment::Labels(LabelScores {
            macro_f1, roc_auc, ..
        }) => format!("macro F1 {macro_f1:.4}{}", optional("ROC AUC", roc_auc)),
        Assessment::Numbers(NumberScores {
            rmse, mae, numbers, ..
        }) => match &numbers[..] {
            [_] => format!("RMSE {}, MAE {}", digits(*rmse), digits(*mae)),
            several => {
                let one = several.iter().map(|score| {
                    format!(
                        "{}: R2 {:.4}, RMSE {}, MAE {}",
                        on_one_line(&score.name),
                        score.r2,
                        digits(score.rmse),
                        digits(score.mae)
                    )
                });
                one.collect::<Vec<_>>().join("\n")
            }
        },
    }
}

/// The means over folds of the scores that do not depend on the number of samples.
pub(crate) fn in_words_of_mean(folds: &[Assessment]) -> String {
    let mean = |of: fn(&Assessment) -> Option<f64>| {
        let found: Vec<f64> = folds.iter().filter_map(of).collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    };
    let parts = [
        mean(|fold| match fold {
            Assessment::Classes(scores) => Some(scores.balanced_accuracy),
            _ => None,
        })
        .map(|score| format!("balanced accuracy {}", percent(score))),
        mean(|fold| match fold {
            Assessment::Classes(scores) => Some(scores.macro_f1),
            Assessment::Labels(scores) => Some(scores.macro_f1),
            Assessment::Numbers(_) => None,
        })
        .map(|score| format!("macro F1 {score:.4}")),
        mean(|fold| match fold {
            Assessment::Classes(scores) => scores.roc_auc,
            Assessment::Labels(scores) => scores.roc_auc,
            Assessment::Numbers(_) => None,
        })
        .map(|score| format!("ROC AUC {score:.4}")),
        mean(|fold| match fold {
            Assessment::Numbers(scores) => Some(scores.rmse),
            _ => None,
        })
        .map(|score| format!("RMSE {}", digits(score))),
        mean(|fold| match fold {
            Assessment::Numbers(scores) => Some(scores.mae),
            _ => None,
        })
        .map(|score| format!("MAE {}", digits(score))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A number of any size with four digits that count, or as a whole number.
pub(crate) fn digits(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{number:.3e}");
    }
    let before = size.max(1.0).log10().floor() as usize + 1;
    format!(
        "{number:.*}",
        4_usize.saturating_sub(before).max(usize::from(before < 4))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_have_the_digits_that_count() {
        let shown = [0.0, 2.4567, 0.01234, 123.456, 98765.4, 1.5e-7].map(digits);
        assert_eq!(
            shown,
            ["0.000", "2.457", "0.012", "123.5", "98765", "1.500e-7"]
        );
    }
}
