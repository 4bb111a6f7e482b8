//! How long a training step takes, and where the time goes.
//!
//! Plain gradient descent, BDNN-dsd, other rules that are asked for and the bare matrix products of
//! the same step take turns in blocks, so that whatever else the machine does meets all of them
//! alike; each figure is the median over the steps of its blocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use spinet_data::{Samples, Values};
use spinet_nn::memory::{InputKind, WorkspaceUse, parameters, workspace_bytes};
use spinet_nn::{
    Activation, Batch, Initializer, Inputs, Kernel, Network, NetworkConfig, Phase, Pixels, Targets,
    Threads, Workspace,
};
use spinet_rules::{Chain, Memory, Plan, Purpose, RuleSettings, Stream};
use spinet_train::{Preset, group_by_label};

use crate::scaling::BASE;
use crate::statistics::rounded;
use crate::{Error, median};

/// Networks of the BDNN-dsd paper, inputs and hidden units.
pub const BENCH_SHAPES: [(usize, usize); 5] =
    [(784, 10), (784, 100), (784, 500), (3072, 100), (3072, 500)];

/// Classes of every network.
const CLASSES: usize = 10;
/// Training samples of MNIST.
const MNIST_SAMPLES: usize = 60_000;
/// Batches that the samples of a measurement make: more than one, as in an epoch.
const BATCHES: usize = 5;
/// Decimals of milliseconds: a tenth of a microsecond.
const DECIMALS: i32 = 4;
/// Steps of one block, and steps before the first that counts.
const BLOCK: usize = 10;
const WARM_UP: usize = 10;

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchCase {
    /// Features of a sample.
    pub inputs: usize,
    /// Units of each hidden layer.
    pub hidden: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Samples of a step.
    pub batch: usize,
    /// Fraction of the pixels that are not 0.
    pub density: f64,
    /// Threads of the step.
    pub threads: usize,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Rules and optimizers that are measured too, each alone.
    pub rules: Vec<RuleSettings>,
    /// The network of a preset in place of a dense one; `inputs`, `hidden`, `depth` and `activation`
    /// say nothing then.
    pub preset: Option<&'static Preset>,
}

impl BenchCase {
    /// The network for these samples.
    fn network(&self, samples: &Samples, classes: usize) -> Result<NetworkConfig, Error> {
        if let Some(preset) = self.preset {
            return Ok(preset.config()?.network(samples.image(), classes)?);
        }
        let initializer = match self.activation {
            Activation::Sigmoid => Initializer::Uniform(1.0),
            _ => Initializer::He,
        };
        Ok(NetworkConfig {
            activation: self.activation,
            initializer,
            ..NetworkConfig::dense(&self.sizes(samples, classes))
        })
    }

    /// Small where sums can grow from layer to layer: nothing diverges in so few steps.
    fn learning_rate(&self) -> f64 {
        match (self.preset, self.activation) {
            (None, Activation::Sigmoid) => 0.1,
            _ => 1e-3,
        }
    }

    fn sizes(&self, samples: &Samples, classes: usize) -> Vec<usize> {
        let hidden = std::iter::repeat_n(self.hidden, self.depth);
        let features = std::iter::once(samples.features());
        features.chain(hidden).chain([classes]).collect()
    }
}

/// Median milliseconds of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchRow {
    /// Features of a sample.
    pub inputs: usize,
    /// Units of each hidden layer.
    pub hidden: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Samples of a step.
    pub batch: usize,
    /// Fraction of the pixels that are not 0.
    pub density: f64,
    /// Threads.
    pub threads: usize,
    /// Plain gradient descent.
    pub sgd_ms: f64,
    /// BDNN-dsd.
    pub bdnn_ms: f64,
    /// The matrix products of such a step alone.
    pub products_ms: f64,
    /// By name: milliseconds of each part of a step with BDNN-dsd.
    pub parts_ms: BTreeMap<String, f64>,
    /// The preset whose network it is; a dense one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Activation of the hidden layers; sigmoid if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// By rule: milliseconds of a step with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules_ms: BTreeMap<String, f64>,
}

/// Measured steps with what they were measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchRecord {
    /// The kernel that ran.
    pub kernel: String,
    /// Its class.
    pub class: String,
    /// The processor, in its own words.
    pub processor: String,
    /// Version of the program.
    pub program: String,
    /// Counted steps of each figure.
    pub steps: usize,
    /// What the pixels are.
    pub data: String,
    /// Largest resident memory of the process so far, in MB; absent where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<f64>,
    /// One row a case.
    pub rows: Vec<BenchRow>,
}

/// Measures every case with `steps` counted steps for each figure, on `samples` or on random
/// pixels.
///
/// # Errors
///
/// If the processor cannot run the kernel, threads cannot be started, or a network cannot be built.
pub fn bench(
    cases: &[BenchCase],
    kernel: Kernel,
    steps: usize,
    samples: Option<(&str, &Samples)>,
) -> Result<BenchRecord, Error> {
    // Networks of presets may run with another one than dense networks.
    let kernel = match cases.iter().find_map(|case| case.preset) {
        Some(preset) => preset.config()?.kernel(kernel).running_kernel()?,
        None => kernel.resolve().map_err(spinet_train::Error::from)?,
    };
    let rows = cases
        .iter()
        .map(|case| measure(case, kernel, steps, samples.map(|(_, samples)| samples)));
    Ok(BenchRecord {
        rows: rows.collect::<Result<_, _>>()?,
        kernel: kernel.to_string(),
        class: kernel.class().to_string(),
        processor: processor(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        steps,
        data: samples.map_or("random pixels", |(name, _)| name).to_owned(),
        peak_memory_mb: peak_memory_mb(),
    })
}

/// How many times as long a training step takes with this kernel as with `f32` on this processor,
/// for 784 inputs and 100 hidden units. Takes a fraction of a second.
///
/// # Errors
///
/// If the processor cannot run the kernel.
pub fn times_of_f32(kernel: Kernel) -> Result<f64, Error> {
    const STEPS: usize = 5;
    let case = BenchCase {
        batch: 32,
        density: 0.2,
        ..BASE
    };
    let milliseconds = |kernel| Ok::<_, Error>(measure(&case, kernel, STEPS, None)?.sgd_ms);
    Ok(milliseconds(kernel)? / milliseconds(Kernel::F32)?.max(1e-4))
}

/// Where plain gradient descent and BDNN-dsd stand among the lanes.
const PLAIN: usize = 0;
const BDNN: usize = 1;

/// A network in training.
struct Lane {
    network: Network<f32>,
    chain: Chain<f32>,
    workspace: Workspace<f32>,
    step: u64,
    learning_rate: f64,
}

impl Lane {
    fn new(
        case: &BenchCase,
        samples: &Samples,
        kernel: Kernel,
        rules: &[RuleSettings],
        threads: Threads,
    ) -> Result<Self, Error> {
        let labels = samples.labels().iter().max();
        let labels = labels.map_or(0, |label| usize::from(*label) + 1);
        let config = case.network(samples, labels.max(CLASSES))?;
        let network = Network::new(&config, 0).map_err(spinet_train::Error::from)?;
        // An epoch of MNIST's length, so that what is done once an epoch hardly counts, as in a
        // run.
        let epoch_steps = (MNIST_SAMPLES / case.batch).max(1) as u64;
        let plan = Plan {
            epoch_steps,
            ..network.plan(case.batch, 0)
        };
        let chain = Chain::from_settings(rules, &plan).map_err(spinet_train::Error::from)?;
        let workspace = Workspace::with_kernel(&network, case.batch, threads, kernel)
            .map_err(spinet_train::Error::from)?;
        Ok(Self {
            network,
            chain,
            workspace,
            step: 0,
            learning_rate: case.learning_rate(),
        })
    }

    fn step(&mut self, batch: &Batch<'_, f32>) {
        let outcome = self.workspace.step(
            &mut self.network,
            &mut self.chain,
            batch,
            self.learning_rate,
            self.step,
        );
        debug_assert!(outcome.is_ok(), "a measured step diverged");
        self.step += 1;
    }
}

/// Samples in the order of a run, batch after batch.
struct Shuffled<'a> {
    samples: &'a Samples,
    size: usize,
    order: Vec<u32>,
    labels: Vec<u8>,
    /// Where samples are numbers: all of them in that order.
    numbers: Vec<f32>,
}

impl<'a> Shuffled<'a> {
    fn new(samples: &'a Samples, size: usize) -> Self {
        let mut order: Vec<u32> = (0..samples.len() as u32).collect();
        Stream::new(0, Purpose::Shuffle, 0).shuffle(&mut order);
        order
            .chunks_mut(size)
            .for_each(|chosen| group_by_label(chosen, samples.labels()));
        let labels = order
            .iter()
            .map(|index| samples.labels()[*index as usize])
            .collect();
        let row = |index: &u32| {
            samples
                .sample(*index as usize)
                .numbers()
                .unwrap_or_default()
        };
        let numbers = order.iter().flat_map(row).copied().collect();
        Self {
            samples,
            size,
            order,
            labels,
            numbers,
        }
    }

    /// One of the whole batches, counted round and round.
    fn batch(&self, index: usize) -> Batch<'_, f32> {
        let (size, features) = (self.size, self.samples.features());
        let start = index % (self.samples.len() / size) * size;
        let inputs = match self.samples.values() {
            Values::Bytes(bytes) => Inputs::Pixels(Pixels::chosen(
                bytes,
                features,
                &self.order[start..start + size],
            )),
            Values::Numbers(_) => {
                Inputs::Numbers(&self.numbers[start * features..][..size * features])
            }
        };
        Batch {
            inputs,
            targets: Targets::classes(&self.labels[start..start + size]),
        }
    }
}

fn measure(
    case: &BenchCase,
    kernel: Kernel,
    steps: usize,
    samples: Option<&Samples>,
) -> Result<BenchRow, Error> {
    let random;
    let samples = if let Some(samples) = samples {
        samples
    } else {
        random = random_samples(case)?;
        &random
    };
    check_memory(case, kernel, samples)?;
    let threads = Threads::new(case.threads).map_err(spinet_train::Error::from)?;
    // Nothing, BDNN-dsd, and what was asked for.
    let bdnn = RuleSettings::new("bdnn-dsd");
    let rules = std::iter::once([].as_slice()).chain(
        [&bdnn]
            .into_iter()
            .chain(&case.rules)
            .map(std::slice::from_ref),
    );
    let mut lanes = rules
        .map(|rules| Lane::new(case, samples, kernel, rules, threads.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let parts = [PLAIN, BDNN].map(|lane| {
        let parts = Arc::new(Mutex::new(Parts::default()));
        let watch = Arc::clone(&parts);
        lanes[lane]
            .workspace
            .watch(move |part| lock(&watch).done(part));
        parts
    });

    let size = case.batch.min(samples.len());
    let shuffled = Shuffled::new(samples, size);
    let batch = |index: usize| shuffled.batch(index);
    for index in 0..WARM_UP {
        for lane in &mut lanes {
            lane.step(&batch(index));
        }
    }
    for parts in &parts {
        lock(parts).clear();
    }
    let mut times = vec![Vec::new(); lanes.len()];
    for block in 0..steps.div_ceil(BLOCK) {
        let indices = block * BLOCK..steps.min((block + 1) * BLOCK);
        for (number, (lane, times)) in lanes.iter_mut().zip(&mut times).enumerate() {
            for index in indices.clone() {
                parts
                    .get(number)
                    .into_iter()
                    .for_each(|parts| lock(parts).start());
                times.push(timed(|| lane.step(&batch(index))));
                parts
                    .get(number)
                    .into_iter()
                    .for_each(|parts| lock(parts).end());
            }
        }
    }
    let time = |lane: usize| rounded(median(&times[lane]), DECIMALS);
    let [plain, bdnn] = parts.each_ref().map(|parts| lock(parts));
    let part = |part: &Phase| {
        (
            part.name().to_owned(),
            rounded(median(&bdnn.steps[part]), DECIMALS),
        )
    };
    Ok(BenchRow {
        inputs: samples.features(),
        hidden: case.hidden,
        depth: case.depth,
        batch: size,
        density: density(samples.values()),
        threads: case.threads,
        sgd_ms: time(PLAIN),
        bdnn_ms: time(BDNN),
        products_ms: rounded(median(&plain.steps[&Phase::Products]), DECIMALS),
        parts_ms: Phase::ALL.iter().map(part).collect(),
        preset: case.preset.map(|preset| preset.name.to_owned()),
        activation: (case.activation != Activation::Sigmoid).then_some(case.activation),
        rules_ms: case
            .rules
            .iter()
            .zip(BDNN + 1..)
            .map(|(rule, lane)| (rule.to_string(), time(lane)))
            .collect(),
    })
}

/// Refuses to measure what takes more memory than is available: a network in training for each
/// rule.
fn check_memory(case: &BenchCase, kernel: Kernel, samples: &Samples) -> Result<(), Error> {
    let network = case.network(samples, CLASSES)?;
    let network = || -> Result<_, spinet_nn::Error> { Ok((network.build()?, network.plan()?)) };
    let (layers, plan) = network().map_err(spinet_train::Error::from)?;
    let plan = Plan {
        batch: case.batch,
        ..plan
    };
    let inputs = if samples.bytes().is_some() {
        InputKind::Pixels
    } else {
        InputKind::Numbers
    };
    let by = WorkspaceUse {
        samples: case.batch,
        inputs,
        trains: true,
        has_factors: true,
    };
    let own = parameters(&plan)
        .saturating_mul(4)
        .saturating_add(workspace_bytes(&layers, kernel, by));
    let bdnn = RuleSettings::new("bdnn-dsd");
    let rules = std::iter::once([].as_slice())
        .chain(case.rules.iter().chain([&bdnn]).map(std::slice::from_ref))
        .map(|rules| {
            let Memory { saved, other } =
                Chain::<f32>::memory(rules, &plan).map_err(spinet_train::Error::from)?;
            Ok::<_, Error>(own.saturating_add(saved).saturating_add(other))
        });
    let needed = rules
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .fold(0, u64::saturating_add);
    Ok(spinet_data::memory::check(
        "measuring this network",
        needed,
    )?)
}

/// The fraction of the features that are not 0, to three digits.
fn density(values: Values<'_>) -> f64 {
    let filled = match values {
        Values::Bytes(bytes) => bytes.iter().filter(|byte| **byte != 0).count(),
        Values::Numbers(numbers) => numbers.iter().filter(|number| **number != 0.0).count(),
    };
    rounded(filled as f64 / values.len() as f64, 3)
}

/// Milliseconds of the parts of each step.
#[derive(Default)]
struct Parts {
    last: Option<Instant>,
    now: BTreeMap<Phase, f64>,
    steps: BTreeMap<Phase, Vec<f64>>,
}

impl Parts {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn start(&mut self) {
        self.now = Phase::ALL.iter().map(|part| (*part, 0.0)).collect();
        self.last = Some(Instant::now());
    }

    fn done(&mut self, part: Phase) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            *self.now.entry(part).or_default() += 1e3 * (now - last).as_secs_f64();
        }
    }

    fn end(&mut self) {
        for (part, time) in std::mem::take(&mut self.now) {
            self.steps.entry(part).or_default().push(time);
        }
        self.last = None;
    }
}

fn lock(parts: &Mutex<Parts>) -> std::sync::MutexGuard<'_, Parts> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn timed(task: impl FnOnce()) -> f64 {
    let start = Instant::now();
    task();
    1e3 * start.elapsed().as_secs_f64()
}

fn random_samples(case: &BenchCase) -> Result<Samples, Error> {
    let mut stream = Stream::new(0, Purpose::Noise, 0);
    let count = BATCHES * case.batch;
    let mut pixel = || {
        if stream.unit() < case.density {
            1 + stream.below(255) as u8
        } else {
            0
        }
    };
    let inputs = (case.preset).map_or(case.inputs, |preset| preset.image.iter().product());
    let bytes: Vec<u8> = (0..count * inputs).map(|_| pixel()).collect();
    let labels: Vec<u8> = (0..count)
        .map(|_| stream.below(CLASSES as u32) as u8)
        .collect();
    Ok(match case.preset.map(|preset| preset.image) {
        Some([height, width, channels]) => {
            Samples::new(bytes, labels, [channels * height, width])?.with_channels(channels)?
        }
        None => Samples::new(bytes, labels, [1, inputs])?,
    })
}

/// The processor's name, or its architecture where the system does not tell.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info
            .lines()
            .find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    match (field("model name"), field("cpu family"), field("model")) {
        (Some(name), Some(family), Some(model)) => {
            format!("{name} (family {family}, model {model})")
        }
        _ => std::env::consts::ARCH.to_owned(),
    }
}

/// Largest resident memory of this process so far.
pub fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1.024 / 100.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_measured_and_the_parts_make_up_the_step() {
        let case = BenchCase {
            inputs: 200,
            hidden: 40,
            depth: 2,
            batch: 64,
            density: 0.5,
            activation: Activation::Relu,
            rules: vec![RuleSettings::new("adam")],
            ..BASE
        };
        for kernel in [Kernel::F32, Kernel::Portable] {
            let record = bench(std::slice::from_ref(&case), kernel, 25, None).unwrap();
            let row = &record.rows[0];
            assert_eq!(
                (record.kernel.as_str(), row.inputs, row.depth),
                (kernel.name(), 200, 2)
            );
            assert!((row.density - 0.5).abs() < 0.02);
            assert!(
                row.sgd_ms > 0.0
                    && row.products_ms > 0.0
                    && row.rules_ms["adam"] > 0.0
                    && row.rules_ms.len() == 1
            );
            assert_eq!(row.activation, Some(Activation::Relu));
            assert_eq!(row.parts_ms.len(), Phase::ALL.len());
            assert!(
                row.parts_ms.values().sum::<f64>() > 0.5 * row.bdnn_ms,
                "{row:?}"
            );
        }
    }

    #[test]
    fn real_samples_are_used_as_they_are() {
        let samples = Samples::new(vec![0, 1, 2, 3, 0, 5, 6, 7], vec![0, 1, 2, 3], [1, 2]).unwrap();
        let case = BenchCase {
            inputs: 9,
            hidden: 3,
            ..BASE
        };
        let record = bench(&[case], Kernel::F32, 3, Some(("tiny", &samples))).unwrap();
        assert_eq!(
            (
                record.data.as_str(),
                record.rows[0].inputs,
                record.rows[0].batch,
                record.rows[0].density
            ),
            ("tiny", 2, 4, 0.75)
        );
    }
    #[test]
    fn numbers_and_many_classes_are_measured_too() {
        let samples =
            Samples::of_numbers(vec![0.0, -1.5, 2.0, 3.0, 4.0, 5.0], vec![0, 25, 3], [1, 2])
                .unwrap();
        let case = BenchCase {
            inputs: 2,
            hidden: 3,
            batch: 2,
            ..BASE
        };
        let record = bench(&[case], Kernel::F32, 3, Some(("table", &samples))).unwrap();
        assert_eq!((record.rows[0].batch, record.rows[0].density), (2, 0.833));
    }
}
