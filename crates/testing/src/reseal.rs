//! Models and checkpoints with other content under a checksum that fits.

use safetensors::SafeTensors;
use safetensors::tensor::{TensorView, serialize};
use sha2::{Digest, Sha256};

/// The file with another description, and other numbers in its arrays, under a checksum that fits;
/// none where the file has no arrays or no description.
pub fn resealed(
    bytes: &[u8],
    change: &mut dyn FnMut(&str) -> String,
    spoil: &mut dyn FnMut(&str, &mut [u8]),
) -> Option<Vec<u8>> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let mut metadata = header.metadata().clone()?;
    let key = metadata.keys().min()?.clone();
    let (_, description) = metadata[&key].split_once("\"description\":")?;
    let description = change(description.strip_suffix('}')?);
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let mut arrays: Vec<_> = tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        })
        .collect();
    arrays.sort_by(|a, b| a.0.cmp(&b.0));
    let mut digest = Sha256::new();
    digest.update(&description);
    for (name, dtype, shape, data) in &mut arrays {
        spoil(name, data);
        digest.update(format!("\n{name} {dtype:?} {shape:?}\n"));
        digest.update(&*data);
    }
    let checksum = digest
        .finalize()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    metadata.insert(
        key,
        format!("{{\"sha256\":\"{checksum}\",\"description\":{description}}}"),
    );
    let views: Option<Vec<_>> = arrays
        .iter()
        .map(|(name, dtype, shape, data)| {
            Some((
                name.clone(),
                TensorView::new(*dtype, shape.clone(), data).ok()?,
            ))
        })
        .collect();
    serialize(views?, Some(metadata)).ok()
}
