//! Presets: stored configuration files of networks that are known by a name.

use std::path::Path;

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

impl Preset {
    /// Finds a preset by name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
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
