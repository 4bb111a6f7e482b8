//! A run in one expression: settings one after the other, then [`TrainConfig::fit`].

use spinet_data::{
    ColumnKind, DataOptions, Dataset, DecimalMark, Header, Part, Source, Task, load_with,
};
use spinet_nn::{Activation, Initializer, Kernel, LayerSettings, Loss, Threads};
use spinet_rules::RuleSettings;

use crate::{Error, Model, Schedule, Score, Standardize, TrainConfig, Trainer};

/// Settings one after the other. Each has the name of its field, its range, and its default until
/// it is called.
///
/// ```
/// use spinet_data::{Source, load};
/// use spinet_train::TrainConfig;
///
/// let data = load("mnist-1200", &Source::default())?;
/// let model = TrainConfig::new().hidden([10]).epochs(50).rule("bdnn-dsd")?.fit(&data)?;
/// let score = model.evaluate(&data.test)?;
/// assert!(score.value() > 0.5);
/// println!("{score}"); // accuracy 58.71 %, loss 1.345, 10000 samples
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl TrainConfig {
    /// The settings of the BDNN-dsd paper: one hidden layer of 100 logistic units, batches of 600,
    /// learning rate 0.1, 500 epochs; no rule but gradient descent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Data set of the registry, or relative name of a file or folder, for [`load`](Self::load).
    #[must_use]
    pub fn data(self, name: impl Into<String>) -> Self {
        Self {
            data: name.into(),
            ..self
        }
    }

    /// Column of the labels in a table, name or number from 1; the last unless named.
    #[must_use]
    pub fn label(self, column: &str) -> Self {
        Self {
            label: column.parse().ok(),
            ..self
        }
    }

    /// Whether the first line of a text table has the names of its columns; recognized unless said.
    #[must_use]
    pub fn header(self, header: Header) -> Self {
        Self { header, ..self }
    }

    /// The decimal mark of a text table; recognized unless said.
    #[must_use]
    pub fn decimal(self, decimal: DecimalMark) -> Self {
        Self { decimal, ..self }
    }

    /// What the label column of a table is for; words, and a few whole numbers, are classes unless
    /// said.
    #[must_use]
    pub fn task(self, task: Task) -> Self {
        Self { task, ..self }
    }

    /// One more column of a table, by name or number from 1, that is not a feature.
    #[must_use]
    pub fn ignore(mut self, column: &str) -> Self {
        self.ignore.extend(column.parse());
        self
    }

    /// The only columns of a table, by name or number from 1, that may be features.
    #[must_use]
    pub fn only<'a>(self, columns: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            only: columns.into_iter().flat_map(str::parse).collect(),
            ..self
        }
    }

    /// The kind of a column of a table, by name or number from 1; found from its cells unless said.
    #[must_use]
    pub fn column(mut self, column: &str, kind: ColumnKind) -> Self {
        self.columns.insert(column.to_owned(), kind);
        self
    }

    /// A second feature for each column of a table with missing cells, 1 where the cell is missing.
    #[must_use]
    pub fn missing_indicators(self) -> Self {
        Self {
            missing_indicators: true,
            ..self
        }
    }

    /// Refuses a table that needs more than numbers to be standardized.
    #[must_use]
    pub fn strict(self) -> Self {
        Self {
            strict: true,
            ..self
        }
    }

    /// Column of a table, by name or number from 1, whose equal cells belong together: a group is in
    /// one part only.
    #[must_use]
    pub fn group(self, column: &str) -> Self {
        Self {
            group: column.parse().ok(),
            ..self
        }
    }

    /// Column of a table, by name or number from 1, by which rows are ordered: the last ones are held
    /// out.
    #[must_use]
    pub fn order(self, column: &str) -> Self {
        Self {
            order: column.parse().ok(),
            ..self
        }
    }

    /// File with the test set of a table.
    #[must_use]
    pub fn test(self, path: impl Into<String>) -> Self {
        Self {
            test: Some(path.into()),
            ..self
        }
    }

    /// Fraction or number of the training samples to evaluate the run on, in place of the test set.
    #[must_use]
    pub fn validation(self, part: impl Into<Part>) -> Self {
        Self {
            validation: Some(part.into()),
            ..self
        }
    }

    /// Fraction or number of samples to hold out for testing (stratified), for data without a test
    /// set.
    #[must_use]
    pub fn test_part(self, part: impl Into<Part>) -> Self {
        Self {
            test_part: Some(part.into()),
            ..self
        }
    }

    /// Use only so many training samples per class.
    #[must_use]
    pub fn train_per_class(self, samples: usize) -> Self {
        Self {
            train_per_class: Some(samples),
            ..self
        }
    }

    /// How pixels of image sets are standardized.
    #[must_use]
    pub fn standardize(self, standardize: Standardize) -> Self {
        Self {
            standardize,
            ..self
        }
    }

    /// Units of every hidden layer, from input to output; none for a linear classifier.
    #[must_use]
    pub fn hidden(self, units: impl Into<Vec<usize>>) -> Self {
        Self {
            hidden: units.into(),
            layers: Vec::new(),
            ..self
        }
    }

    /// The hidden layers, from input to output, as on the command line: `conv2d:channels=6,kernel=5`,
    /// `max-pool`, `dense:units=64,activation=relu`.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if no layer type or option has this name, or a value is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// # use spinet_train::TrainConfig;
    /// let config = TrainConfig::new().layers(["conv2d:channels=6,kernel=5", "max-pool"])?;
    /// # assert_eq!(config.layers.len(), 2);
    /// # Ok::<(), spinet_train::Error>(())
    /// ```
    pub fn layers<'a>(self, layers: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let layers: Result<Vec<LayerSettings>, _> = layers.into_iter().map(str::parse).collect();
        self.with_layers(&layers?)
    }

    /// Activation of the hidden layers.
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Loss function.
    #[must_use]
    pub fn loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// Weight initialization.
    #[must_use]
    pub fn initializer(self, initializer: Initializer) -> Self {
        Self {
            initializer,
            ..self
        }
    }

    /// Learning rate, above 0.
    #[must_use]
    pub fn learning_rate(self, learning_rate: f64) -> Self {
        Self {
            learning_rate,
            ..self
        }
    }

    /// Learning-rate schedule.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// Batch size, at least 1.
    #[must_use]
    pub fn batch_size(self, samples: usize) -> Self {
        Self {
            batch: samples,
            ..self
        }
    }

    /// Passes over the training samples, at least 1.
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Self {
        Self { epochs, ..self }
    }

    /// Random seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Kernel for matrix products with 8-bit inputs.
    #[must_use]
    pub fn kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// One more learning rule or the optimizer, as on the command line: `bdnn-dsd`,
    /// `dropout:dropout_rate=0.2`. Rules act in the order in which they are added.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`] if no rule or hyperparameter has this name, or a value is out of range.
    pub fn rule(mut self, rule: &str) -> Result<Self, Error> {
        let settings: RuleSettings = rule.parse()?;
        spinet_rules::find(&settings.name)?.resolve(&settings)?;
        self.rules.push(settings);
        Ok(self)
    }

    /// Loads the data that these settings name, divided as they say.
    ///
    /// # Errors
    ///
    /// [`Error::Data`].
    pub fn load(&self, source: &Source) -> Result<Dataset, Error> {
        Ok(load_with(&self.data, source, &self.data_options())?)
    }

    /// Cross-validation: trains on all folds of the data but one, for each fold, and evaluates on
    /// that. There is no test set: all samples of data without one of their own are in the folds.
    /// Everything that is computed from a table is computed from the training rows of the fold.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), [`fit`](Self::fit) and [`Dataset::folds`].
    ///
    /// # Example
    ///
    /// ```no_run
    /// use spinet_data::Source;
    /// use spinet_train::TrainConfig;
    ///
    /// let config = TrainConfig::new().data("iris.csv").label("species").hidden([20]);
    /// for score in config.cross_validate(&Source::default(), 5)? {
    ///     println!("{score}");
    /// }
    /// # Ok::<(), spinet_train::Error>(())
    /// ```
    pub fn cross_validate(&self, source: &Source, folds: usize) -> Result<Vec<Score>, Error> {
        let data = self.load_for_folds(source)?;
        let parts = data.folds(folds, &self.folds_key())?;
        let score = |part| {
            let data = data.fold(part)?;
            self.clone().fit(&data)?.evaluate(&data.test)
        };
        parts.iter().map(score).collect()
    }

    /// Loads the data for cross-validation: without a test set, unless it has one of its own.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_for_folds(&self, source: &Source) -> Result<Dataset, Error> {
        let mut options = DataOptions {
            keeps_table: true,
            ..self.data_options()
        };
        if spinet_data::find(&self.data).is_err() && options.test_file.is_none() {
            options.split.test.get_or_insert(Part::Count(0));
        }
        options.split.validation = None;
        match load_with(&self.data, source, &options) {
            // A folder with test files.
            Err(spinet_data::Error::OptionWithout { option, .. })
                if option == "test_size" && self.test_part.is_none() =>
            {
                options.split.test = None;
                Ok(load_with(&self.data, source, &options)?)
            }
            loaded => Ok(loaded?),
        }
    }

    /// The key of the draw of folds, for [`Dataset::folds`].
    pub fn folds_key(&self) -> String {
        format!("spinet folds {}", self.split_seed)
    }

    /// Trains to the last epoch on all cores and returns the model. Nothing is written; the same
    /// settings and data give the same bits on any number of cores. [`Trainer`] has the loop for
    /// those who want to watch it, and [`RunDirectory`](crate::RunDirectory) resumes.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings, does not fit the data or takes more memory than is
    /// available, and [`Error::Diverged`].
    pub fn fit(self, data: &Dataset) -> Result<Model, Error> {
        let config = Self {
            data: data.name.clone(),
            evaluate_every: self.epochs.max(1),
            ..self
        };
        let mut trainer = Trainer::new(&config, data, Threads::all()?)?;
        trainer.run(&mut |_| {})?;
        Ok(Model::of(&trainer, data))
    }
}
