//! Settings for a table when none are given.
//!
//! They are those that validation samples of fourteen tables preferred; `docs/tables.md` has the
//! comparison. No test part was looked at to choose them.
//!
//! ```text
//! network         100 hidden units: tanh and Xavier for classes and labels, ReLU and He for numbers
//! optimizer       Adam, learning rate 0.01 that falls to 0 along a cosine
//! batch           a twentieth of the n training rows, from 8 to 256
//! epochs          100, fewer above 10,000 rows: 1,000,000 / n, at least 10
//! weight decay    L2 of 5 / n, from 0.00001 to 0.05: the fewer rows, the stronger
//! ```

use spinet_data::{Dataset, Target};
use spinet_nn::{Activation, Initializer};
use spinet_rules::RuleSettings;

use crate::{Schedule, TrainConfig};

impl TrainConfig {
    /// Settings for a table, chosen from its number of training rows and what is predicted. All others
    /// are those of [`default`](Self::default).
    ///
    /// ```
    /// # use spinet_data::{Source, load};
    /// use spinet_train::TrainConfig;
    ///
    /// let data = load("mnist-1200", &Source::default())?;
    /// let model = TrainConfig::auto(&data).epochs(5).fit(&data)?;
    /// assert!(model.evaluate(&data.test)?.value() > 0.8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn auto(data: &Dataset) -> Self {
        let rows = data.train.len().max(1);
        let (activation, initializer) = match data.target {
            Target::Classification | Target::MultiLabel { .. } => {
                (Activation::Tanh, Initializer::Xavier)
            }
            Target::Regression { .. } => (Activation::Relu, Initializer::He),
        };
        // Four digits, which are easy to read in the file of the run.
        let weight_decay = (5.0 / rows as f64).clamp(1e-5, 0.05);
        let weight_decay = (1e5 * weight_decay).round() / 1e5;
        Self {
            hidden: vec![100],
            activation,
            initializer,
            rules: vec![
                RuleSettings::new("l2").with_number("weight_decay", weight_decay),
                RuleSettings::new("adam"),
            ],
            learning_rate: 0.01,
            schedule: Schedule::Cosine { floor: 0.0 },
            batch: (rows / 20).clamp(8, 256),
            epochs: (1_000_000 / rows).clamp(10, 100),
            ..Self::default()
        }
    }

    /// What [`auto`](Self::auto) chooses, in words: `hidden 100 (tanh, xavier), l2 + adam, ...`.
    pub fn chosen_in_words(&self) -> String {
        let units: Vec<String> = self.hidden.iter().map(ToString::to_string).collect();
        let rules: Vec<String> = self.rules.iter().map(ToString::to_string).collect();
        format!(
            "hidden {} ({}, {}), {}, learning rate {} ({}), batches of {}, {} epochs, loss {}",
            units.join(","),
            self.activation.name(),
            self.initializer,
            rules.join(" + "),
            self.learning_rate,
            self.schedule,
            self.batch,
            self.epochs,
            self.loss.name(),
        )
    }
}

#[cfg(test)]
mod tests {
    use spinet_data::{Samples, Source, load};

    use super::*;

    #[test]
    fn fewer_rows_get_stronger_decay_and_many_rows_fewer_epochs() {
        let data = load("mnist-1200", &Source::default()).unwrap();
        let of_rows = |rows: usize| {
            let train = Samples::of_numbers(vec![0.0; rows], vec![0; rows], [1, 1]).unwrap();
            let config = TrainConfig::auto(&Dataset {
                train,
                ..data.clone()
            });
            config.check().unwrap();
            (config.batch, config.epochs, config.rules[0].to_string())
        };
        let decay = |number| format!("l2:weight_decay={number}");
        assert_eq!(of_rows(30), (8, 100, decay("0.05")));
        assert_eq!(of_rows(1000), (50, 100, decay("0.005")));
        assert_eq!(of_rows(50_000), (256, 20, decay("0.0001")));
        assert_eq!(of_rows(1_000_000), (256, 10, decay("0.00001")));
    }
}
