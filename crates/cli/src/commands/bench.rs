//! `spinet bench`: times a training step on this machine.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use spinet::lab::{self, BENCH_SHAPES, BenchCase, BenchRecord, BenchRow, Column, Table};
use spinet::train::Preset;
use spinet::{Activation, Kernel, RuleSettings};

use crate::error::Error;
use crate::flags::data_source::DataSource;
use crate::flags::settings::{activation, kernel, preset};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  spinet bench                           the five networks of the BDNN-dsd paper
  spinet bench --threads 1,2 --kernel f32
  spinet bench --data mnist-1200 --hidden 10,100,500
  spinet bench --inputs 784 --hidden 256 --depth 2 --rule grapes --rule adam
  spinet bench --inputs 784 --hidden 100 --batch-size 32,600 --density 0.1,1
  spinet bench --preset lenet5 --batch-size 64
  spinet bench --scaling results/performance

Times are medians in milliseconds. The measurements are interleaved, so that a
busy machine slows all of them alike.";

/// Time a training step: plain SGD, BDNN-dsd, and their matrix products alone.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Bench {
    /// Numbers of threads, measured one after the other.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Vec<u64>,
    /// Kernel for matrix products with 8-bit inputs.
    #[arg(long, value_name = "NAME", value_parser = kernel(), default_value = "auto")]
    kernel: Kernel,
    /// Input features [default: 784 and 3072, as in the paper].
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "data", value_parser = count())]
    inputs: Vec<u64>,
    /// Units per hidden layer [default: as in the paper].
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = count())]
    hidden: Vec<u64>,
    /// Network of a preset (`spinet help train`), with random pixels unless --data is given.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["inputs", "hidden", "depth", "activation"], value_parser = preset())]
    preset: Option<&'static Preset>,
    /// Number of hidden layers.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1000))]
    depth: Vec<u64>,
    /// Batch size.
    #[arg(long = "batch-size", alias = "batch", value_name = "N,...", value_delimiter = ',', default_value = "600", value_parser = count())]
    batch: Vec<u64>,
    /// Fraction of non-zero pixels in the random input.
    #[arg(long, value_name = "F,...", value_delimiter = ',', default_value = "1", conflicts_with = "data", value_parser = fraction)]
    density: Vec<f64>,
    /// Use the training set of this dataset instead of random pixels.
    #[arg(long, value_name = "NAME")]
    data: Option<String>,
    /// Activation function of the hidden layers [default: sigmoid].
    #[arg(long, value_name = "NAME", value_parser = activation())]
    activation: Option<Activation>,
    /// Also time this rule or optimizer; repeat to time several, one at a time.
    #[arg(long = "rule", value_name = "NAME[:OPTION=VALUE,...]")]
    rules: Vec<RuleSettings>,
    /// Timed steps per measurement.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    steps: u64,
    /// Measure how the time scales with width, depth, batch size, density and threads, and write a
    /// record and a figure to this directory.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["threads", "kernel", "inputs", "hidden", "preset", "depth", "batch", "density", "data", "activation", "rules"])]
    scaling: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: DataSource,
}

fn count() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=1_000_000)
}

fn fraction(text: &str) -> Result<f64, String> {
    let value = text
        .parse()
        .ok()
        .filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "expected a number in [0, 1]".to_owned())
}

impl Bench {
    pub(crate) fn run(&self, output: &mut Output) -> Result<(), Error> {
        if let Some(directory) = &self.scaling {
            return self.grow(directory, output);
        }
        let data = self
            .data
            .as_deref()
            .map(|name| spinet::data::load(name, &self.source.source()))
            .transpose()?;
        let cases = self.cases(data.as_ref().map(|data| data.train.features()));
        let samples = data.as_ref().map(|data| (data.name.as_str(), &data.train));
        let record = lab::bench(&cases, self.kernel, self.steps as usize, samples)?;
        if self.json {
            output.json(&record)
        } else {
            show(&record, output)
        }
    }

    /// Measures the sweeps and writes `scaling.json` and `scaling.svg`.
    fn grow(&self, directory: &Path, output: &mut Output) -> Result<(), Error> {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let scaling = lab::scaling(
            self.steps as usize,
            threads,
            "spinet bench --scaling DIR",
            &|axis| output.note(&format!("measuring: {axis}")),
        )?;
        let text = serde_json::to_string_pretty(&scaling)
            .map_err(std::io::Error::from)
            .map_err(Error::Output)?
            + "\n";
        let (record, figure) = (
            directory.join("scaling.json"),
            directory.join("scaling.svg"),
        );
        lab::write_results(&[
            (record.clone(), &text),
            (figure.clone(), &lab::scaling_figure(&scaling)?),
        ])?;
        if self.json {
            output.json(&scaling)
        } else {
            writeln!(
                output,
                "written: {} and {}",
                record.display(),
                figure.display()
            )
        }
    }

    /// Every combination, the last flag varying fastest.
    fn cases(&self, features: Option<usize>) -> Vec<BenchCase> {
        let inputs: Vec<usize> = match features {
            Some(features) => vec![features],
            None => self.inputs.iter().map(|inputs| *inputs as usize).collect(),
        };
        let hidden: Vec<usize> = self.hidden.iter().map(|hidden| *hidden as usize).collect();
        let is_asked = |given: &[usize], value: usize| given.is_empty() || given.contains(&value);
        let mut shapes: Vec<_> = BENCH_SHAPES
            .into_iter()
            .filter(|(i, h)| is_asked(&inputs, *i) && is_asked(&hidden, *h))
            .collect();
        // Sizes that the paper does not have are combined with each other.
        let (all_inputs, all_hidden) = (or(&inputs, &[784]), or(&hidden, &[100]));
        if !inputs.is_empty() && !hidden.is_empty() || shapes.is_empty() {
            shapes = all_inputs
                .iter()
                .flat_map(|i| all_hidden.iter().map(|h| (*i, *h)))
                .collect();
        }
        let case = |(inputs, hidden)| BenchCase {
            inputs,
            hidden,
            depth: 1,
            batch: 1,
            density: 1.0,
            threads: 1,
            activation: self.activation.unwrap_or(Activation::Sigmoid),
            rules: self.rules.clone(),
            preset: None,
        };
        let cases = match self.preset {
            Some(preset) => vec![BenchCase {
                preset: Some(preset),
                ..case((0, 0))
            }],
            None => shapes.into_iter().map(case).collect(),
        };
        let cases = varied(cases, &self.depth, |case, depth| {
            case.depth = depth as usize;
        });
        let cases = varied(cases, &self.batch, |case, batch| {
            case.batch = batch as usize;
        });
        let cases = varied(cases, &self.density, |case, density| case.density = density);
        varied(cases, &self.threads, |case, count| {
            case.threads = count as usize;
        })
    }
}

/// Each case with each of the values.
fn varied<T: Copy>(
    cases: Vec<BenchCase>,
    values: &[T],
    set: fn(&mut BenchCase, T),
) -> Vec<BenchCase> {
    let with_each = |case: BenchCase| {
        values.iter().map(move |value| {
            let mut case = case.clone();
            set(&mut case, *value);
            case
        })
    };
    cases.into_iter().flat_map(with_each).collect()
}

fn or<'a>(given: &'a [usize], default: &'a [usize]) -> &'a [usize] {
    if given.is_empty() { default } else { given }
}

fn show(record: &BenchRecord, output: &mut Output) -> Result<(), Error> {
    writeln!(
        output,
        "{}; kernel {} (class {}); {}",
        record.processor, record.kernel, record.class, record.data
    )?;
    let steps = if record.steps == 1 {
        "1 step".to_owned()
    } else {
        format!("{} steps", record.steps)
    };
    writeln!(
        output,
        "milliseconds per step, medians of {steps}; the parts are those of a step with bdnn-dsd\n"
    )?;
    let columns = ["batch", "density", "threads", "sgd", "bdnn", "products"];
    let parts = [
        "gather",
        "products",
        "activation",
        "loss",
        "check",
        "update",
    ];
    let numbers = columns.into_iter().map(str::to_owned);
    let numbers = numbers.chain(parts.map(|part| format!("{part} part")));
    let columns = std::iter::once(("network".to_owned(), Column::Word))
        .chain(numbers.map(|name| (name, Column::Number)));
    let cells = |row: &BenchRow| {
        let depth = match row.depth {
            1 => String::new(),
            depth => format!("x{depth}"),
        };
        let numbers = [
            row.batch.to_string(),
            format!("{:.2}", row.density),
            row.threads.to_string(),
        ];
        let times = [row.sgd_ms, row.bdnn_ms, row.products_ms].into_iter();
        let times =
            times.chain(parts.map(|name| row.parts_ms.get(name).copied().unwrap_or_default()));
        let network = match &row.preset {
            Some(preset) => preset.clone(),
            None => format!("{}-{}{depth}", row.inputs, row.hidden),
        };
        std::iter::once(network)
            .chain(numbers)
            .chain(times.map(|time| format!("{time:.3}")))
            .collect()
    };
    write!(
        output,
        "{}",
        Table::new("", columns, record.rows.iter().map(cells)).text()
    )?;
    for row in &record.rows {
        for (rule, time) in &row.rules_ms {
            writeln!(
                output,
                "{}-{} with {rule}: {time:.3}, {:+.0} % of sgd",
                row.inputs,
                row.hidden,
                100.0 * (time / row.sgd_ms - 1.0)
            )?;
        }
    }
    match record.peak_memory_mb {
        Some(peak) => writeln!(output, "\npeak memory: {peak:.1} MB"),
        None => Ok(()),
    }
}
