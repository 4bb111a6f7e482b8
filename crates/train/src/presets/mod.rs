//! Presets: stored configuration files of networks that are known by a name.

use std::path::Path;

use toml::Table;

use crate::{Error, TrainConfig};

/// A stored configuration with its dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// One-line description.
    pub summary: &'static str,
    /// Height, width and channels of the images that it is for.
    pub image: [usize; 3],
    /// The configuration file, TOML.
    pub text: &'static str,
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "bdnn-dsd",
        summary: "network of the BDNN-dsd paper on MNIST-1200, without a rule",
        image: [28, 28, 1],
        text: include_str!("bdnn-dsd.toml"),
    },
    Preset {
        name: "lenet5",
        summary: "LeNet-5 on MNIST",
        image: [28, 28, 1],
        text: include_str!("lenet5.toml"),
    },
    Preset {
        name: "resnet9",
        summary: "residual network with nine weighted layers on CIFAR-10",
        image: [32, 32, 3],
        text: include_str!("resnet9.toml"),
    },
];

/// Keys that mean the same, or that cannot be combined.
const EXCLUSIVE: [&[&str]; 5] = [
    &["batch", "batch_size"],
    &["initialiser", "initializer"],
    &["test_part", "test_size"],
    &["layers", "hidden"],
    &["layers", "activation"],
];

impl Preset {
    /// Finds a preset by name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The settings of a file that names this preset: its own, over those of the preset.
    pub(crate) fn under(&self, settings: Table) -> Result<Table, String> {
        let mut table: Table = self
            .text
            .parse()
            .map_err(|error: toml::de::Error| error.message().to_owned())?;
        for (key, value) in settings {
            for other in EXCLUSIVE
                .iter()
                .filter(|keys| keys.contains(&key.as_str()))
                .flat_map(|keys| *keys)
            {
                table.remove(*other);
            }
            table.insert(key, value);
        }
        Ok(table)
    }

    /// Its configuration.
    ///
    /// # Errors
    ///
    /// None for those in [`PRESETS`].
    pub fn config(&self) -> Result<TrainConfig, Error> {
        TrainConfig::parse(self.text, Path::new(self.name))
    }
}

#[cfg(test)]
mod tests {
    use spinet_nn::Network;

    use super::*;

    #[test]
    fn the_preset_bdnn_dsd_states_every_default() {
        let config = Preset::find("bdnn-dsd").unwrap().config().unwrap();
        assert_eq!(config, TrainConfig::default());
    }

    #[test]
    fn a_file_may_name_a_preset_and_change_it() {
        let parse = |text: &str| TrainConfig::parse(text, "run.toml".as_ref());
        for preset in PRESETS {
            let named = parse(&format!("preset = \"{}\"\n", preset.name)).unwrap();
            assert_eq!(named, preset.config().unwrap());
            assert!(!named.to_toml().unwrap().contains("preset"));
        }
        let lenet = parse("batch = 32\npreset = \"lenet5\"\n").unwrap();
        assert_eq!((lenet.batch, lenet.layers.len()), (32, 6));
        let dense = parse("preset = \"lenet5\"\nhidden = [7]\n").unwrap();
        assert_eq!((dense.hidden, dense.layers.len()), (vec![7], 0));
        let layers = parse("preset = \"bdnn-dsd\"\n[[layers]]\nname = \"dense\"\nunits = 7\n");
        assert_eq!(layers.unwrap().hidden, [7]);
        for (text, expected) in [
            (
                "epochs = 3\npreset = \"lenet\"\n",
                "run.toml:2: `preset` is \"lenet\", expected one of bdnn-dsd, lenet5, resnet9\n\nhint: did you mean `lenet5`?",
            ),
            (
                "preset = 5\n",
                "run.toml:1: `preset` is 5, expected one of bdnn-dsd, lenet5, resnet9",
            ),
            (
                "preset = \"lenet5\"\nepochs = 0\n",
                "run.toml:2: `epochs` must be at least 1, but is 0",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn networks_have_the_published_shapes() {
        let network = |name: &str| {
            let preset = Preset::find(name).unwrap();
            let config = preset.config().unwrap();
            Network::<f32>::new(&config.network(preset.image, 10).unwrap(), 0).unwrap()
        };
        let lenet = network("lenet5");
        let outputs: Vec<_> = (lenet.layers().iter())
            .map(|layer| layer.output().to_string())
            .collect();
        assert_eq!(
            outputs,
            [
                "28 x 28 x 6",
                "14 x 14 x 6",
                "10 x 10 x 16",
                "5 x 5 x 16",
                "120",
                "84",
                "10"
            ]
        );
        let parameters = |network: &Network<f32>| -> usize {
            let trained = (0..network.params().len()).filter(|id| network.is_trained(*id));
            trained.map(|id| network.params().get(id).len()).sum()
        };
        assert_eq!(parameters(&lenet), 61_706);
        // As PyTorch counts those of the same network.
        assert_eq!(parameters(&network("resnet9")), RESNET9);
    }

    const RESNET9: usize = 864
        + 18_432
        + 2 * 36_864
        + 73_728
        + 294_912
        + 2 * 589_824
        + 2 * (32 + 3 * 64 + 128 + 3 * 256)
        + 2_570;
}
