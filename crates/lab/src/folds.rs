//! Validation folds of the training samples, the same for tuning and for sweeps.

use spinet_data::{Dataset, Fold, balanced_folds};

use crate::Error;

/// The first `left_out` of so many folds.
pub(crate) fn folds(
    data: &Dataset,
    count: usize,
    left_out: usize,
    seed: u64,
) -> Result<Vec<Fold>, Error> {
    let mut folds = balanced_folds(
        data.train.labels(),
        data.classes(),
        count,
        &format!("spinet tune {seed}"),
    )?;
    folds.truncate(left_out);
    Ok(folds)
}

/// What a run sees that leaves a fold out and is scored on it.
pub(crate) fn part(data: &Dataset, fold: &Fold) -> Result<Dataset, Error> {
    let (train, test) = (
        data.train.select(&fold.train)?,
        data.train.select(&fold.validation)?,
    );
    Ok(Dataset {
        train,
        test,
        ..data.clone()
    })
}
