//! Whether images are light on dark or dark on light, as their borders show.
//!
//! A network that learned light strokes on a dark background sees nothing but strokes in an image
//! with the opposite colors, and its answer means nothing.

use serde::{Deserialize, Serialize};

use crate::samples::Samples;

/// The background of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// As that of MNIST.
    Dark,
    /// As that of paper.
    Light,
}

/// Values below are dark, and those above the other are light.
const DARK: u8 = 64;
const LIGHT: u8 = 191;
/// Fraction of the border of an image that has to be one of both.
const OF_BORDER: f64 = 0.75;
/// Fraction of the images of a set that have to have the same.
const OF_IMAGES: f64 = 0.95;

impl Background {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The other one.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }

    /// That of one image, whose channels come one after the other; `[height, width, channels]`. None
    /// if it is neither.
    fn of_image(pixels: &[u8], [height, width, channels]: [usize; 3]) -> Option<Self> {
        let (mut dark, mut light, mut count) = (0, 0, 0);
        for row in 0..height * channels {
            let is_edge = row % height == 0 || row % height == height - 1;
            let columns = if is_edge { 1 } else { (width - 1).max(1) };
            for column in (0..width).step_by(columns) {
                let pixel = pixels[row * width + column];
                dark += usize::from(pixel < DARK);
                light += usize::from(pixel > LIGHT);
                count += 1;
            }
        }
        let most = OF_BORDER * f64::from(count);
        if dark as f64 >= most {
            Some(Self::Dark)
        } else if light as f64 >= most {
            Some(Self::Light)
        } else {
            None
        }
    }

    /// How many images have a dark and how many a light background; none of numbers.
    pub fn counts(samples: &Samples) -> [usize; 2] {
        let mut counts = [0; 2];
        for image in samples
            .bytes()
            .unwrap_or_default()
            .chunks_exact(samples.features())
        {
            match Self::of_image(image, samples.image()) {
                Some(Self::Dark) => counts[0] += 1,
                Some(Self::Light) => counts[1] += 1,
                None => {}
            }
        }
        counts
    }

    /// That of nearly all images of a set.
    pub fn of(samples: &Samples) -> Option<Self> {
        let [dark, light] = Self::counts(samples);
        let most = OF_IMAGES * samples.len() as f64;
        if samples.is_empty() {
            None
        } else if dark as f64 >= most {
            Some(Self::Dark)
        } else if light as f64 >= most {
            Some(Self::Light)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pixels: &[u8], shape: [usize; 2]) -> Option<Background> {
        Background::of(
            &Samples::new(pixels, vec![0; pixels.len() / (shape[0] * shape[1])], shape).unwrap(),
        )
    }

    #[test]
    fn the_border_says_what_the_background_is() {
        let image = |around: u8, inside: u8| {
            [
                around, around, around, around, inside, around, around, around, around,
            ]
        };
        assert_eq!(of(&image(0, 255), [3, 3]), Some(Background::Dark));
        assert_eq!(of(&image(250, 0), [3, 3]), Some(Background::Light));
        assert_eq!(of(&image(128, 0), [3, 3]), None);
        let mixed = [image(0, 9), image(255, 9)].concat();
        assert_eq!(of(&mixed, [3, 3]), None);
        for shape in [[1, 1], [1, 9], [9, 1]] {
            assert_eq!(of(&[3; 9], shape), Some(Background::Dark), "{shape:?}");
        }
    }
}
