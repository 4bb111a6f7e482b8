//! Errors in reading, finding, fetching and splitting data: what, found, expected, preceded by the
//! path where there is a file.

use std::io;
use std::path::{Path, PathBuf};

use crate::table::{A_NUMBER, RowPlace};

/// Endings of tables, in messages.
const KNOWN_TABLES: &str = "`.csv`, `.tsv`, `.txt`, `.data`, also with `.gz`, `.npy` or `.npz`";

/// Why data could not be read, found, fetched or split.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
#[allow(
    missing_docs,
    reason = "each variant is documented, and its text names its fields; sizes are in bytes, shapes are rows and columns"
)]
pub enum Error {
    /// The operating system rejected an operation on a file or folder.
    #[error("{path}: cannot {action}")]
    Io {
        path: PathBuf,
        action: &'static str,
        source: io::Error,
    },
    /// A folder, pipe or device instead of a file.
    #[error("{path}: found something that is not a regular file, expected a file")]
    NotAFile { path: PathBuf },
    /// A stored file is larger than the reader accepts.
    #[error("{path}: file has {found} bytes, expected at most {limit}")]
    FileTooLarge {
        path: PathBuf,
        found: u64,
        limit: u64,
    },

    /// The file ends inside its idx header.
    #[error("{path}: file ends after {found} bytes, expected an idx header of {expected} bytes")]
    HeaderTruncated {
        path: PathBuf,
        found: usize,
        expected: usize,
    },
    /// The file is not of the idx format.
    #[error("{path}: file begins with bytes {}, expected 00 00 (idx){}", spaced_hex(found), not_idx_hint(*found))]
    NotIdx { path: PathBuf, found: [u8; 2] },
    /// The idx elements are of no type of the format.
    #[error("{path}: idx element type is 0x{found:02x}, expected 0x08, 0x09 or 0x0b to 0x0e")]
    ElementType { path: PathBuf, found: u8 },
    /// An idx element that is not a byte.
    #[error(
        "{path}: element {index} is {found}, expected a whole number from 0 to 255, or pixels that are all in [0, 1]"
    )]
    ElementValue {
        path: PathBuf,
        index: usize,
        found: f64,
    },
    /// An image file where labels were expected, or the other way round, or something else.
    #[error("{path}: number of idx dimensions is {found}, expected {expected} ({})", kind_of_dimensions(*expected))]
    DimensionCount {
        path: PathBuf,
        found: u8,
        expected: u8,
    },
    /// A dimension of the idx array is zero.
    #[error(
        "{path}: idx header declares {}, expected at least 1 along each dimension",
        times(dimensions)
    )]
    ZeroDimension { path: PathBuf, dimensions: Vec<u32> },
    /// The images do not have the requested shape.
    #[error("{path}: images are {} x {}, expected {} x {}", found[0], found[1], expected[0], expected[1])]
    ImageShape {
        path: PathBuf,
        found: [u32; 2],
        expected: [usize; 2],
    },
    /// The idx header declares more than the caller's limit.
    #[error("{path}: idx header declares {}, expected at most {limit}", product(dimensions, *promised))]
    TooManyBytes {
        path: PathBuf,
        dimensions: Vec<u32>,
        promised: u128,
        limit: u64,
    },
    /// The idx header declares more than a gzip file of this size can contain.
    #[error("{path}: idx header declares {}, but {stored} bytes of gzip hold at most {capacity}", product(dimensions, *promised))]
    GzipTooSmall {
        path: PathBuf,
        dimensions: Vec<u32>,
        promised: u128,
        stored: u64,
        capacity: u64,
    },
    /// The file ends before the array does.
    #[error("{path}: idx header declares {}, but the file has {found} after the header", product(dimensions, *promised))]
    Truncated {
        path: PathBuf,
        dimensions: Vec<u32>,
        promised: u128,
        found: u64,
    },
    /// The file continues after the array.
    #[error("{path}: idx header declares {}, but the file has {found} or more after the header", product(dimensions, *promised))]
    TrailingBytes {
        path: PathBuf,
        dimensions: Vec<u32>,
        promised: u128,
        found: u64,
    },
    /// The array is within the limit, but there is not enough memory for it.
    #[error("{path}: cannot allocate the {promised} bytes that its header declares")]
    OutOfMemory { path: PathBuf, promised: usize },
    /// More memory is needed than is available.
    #[error("{what} needs {needed} bytes of memory, but only {available} are available ({limit})")]
    Memory {
        what: String,
        needed: u64,
        available: u64,
        limit: &'static str,
    },
    /// The gzip stream is truncated or fails its checksum.
    #[error(
        "{path}: gzip stream is truncated or corrupted: unpacked {found} bytes, expected {expected} and a matching checksum"
    )]
    GzipDamaged {
        path: PathBuf,
        found: u64,
        expected: u64,
        source: io::Error,
    },
    /// There is data after the gzip stream.
    #[error(
        "{path}: gzip stream is followed by bytes {}, expected one stream and nothing after it",
        spaced_hex(found)
    )]
    GzipTrailing { path: PathBuf, found: Vec<u8> },
    /// A label in a file is not one of the classes.
    #[error(
        "{path}: label of sample {index} is {found}, expected below {classes} (the number of classes)"
    )]
    FileLabel {
        path: PathBuf,
        index: usize,
        found: u8,
        classes: usize,
    },
    /// An image file and its label file differ in length.
    #[error(
        "{labels}: file has {found} labels, expected {expected}, one for each image of `{images}`"
    )]
    LabelCount {
        labels: PathBuf,
        images: PathBuf,
        found: usize,
        expected: usize,
    },

    /// The file is of a known kind, but not of CIFAR's binary version.
    #[error(
        "{path}: file is {found}, expected the binary version of the dataset, with records of 1 label byte and {features} pixels"
    )]
    NotRecords {
        path: PathBuf,
        found: &'static str,
        features: usize,
    },
    /// No record, or an incomplete one.
    #[error(
        "{path}: file has {found} bytes, expected a whole number of records of {record} bytes, at least one"
    )]
    PartialRecord {
        path: PathBuf,
        found: u64,
        record: u64,
    },
    /// A whole number of records, but not as many as the official file has.
    #[error(
        "{path}: file has {found} records, expected {expected}\n\n\
         hint: the file is incomplete or another version; fetch it again, or pass `--allow-unverified` to use it anyway"
    )]
    RecordCount {
        path: PathBuf,
        found: u64,
        expected: u64,
    },
    /// The records are more than the caller's limit.
    #[error("{path}: file has {promised} bytes of records, expected at most {limit}")]
    TooManyRecords {
        path: PathBuf,
        promised: u64,
        limit: u64,
    },
    /// The file ends before its last record does.
    #[error("{path}: file ends after {found} bytes of records, expected {expected}")]
    RecordsCut {
        path: PathBuf,
        found: u64,
        expected: u64,
    },

    /// The archive is not one complete gzip stream of tar entries.
    #[error(
        "{path}: archive is truncated or corrupted after {found} unpacked bytes, expected a complete .tar.gz\n\n\
         hint: move it away or delete it, then fetch it again"
    )]
    ArchiveDamaged {
        path: PathBuf,
        found: u64,
        source: io::Error,
    },
    /// The archive unpacks to more than is accepted.
    #[error("{path}: archive unpacks to more than {limit} bytes, expected at most {limit}")]
    ArchiveTooLarge { path: PathBuf, limit: u64 },
    /// The header of an entry declares more than can follow it.
    #[error("{path}: entry `{member}` declares {promised} bytes, expected at most {limit}")]
    MemberTooLarge {
        path: PathBuf,
        member: String,
        promised: u64,
        limit: u64,
    },
    /// The archive has more entries than are accepted.
    #[error("{path}: archive has more than {limit} entries, expected at most {limit}")]
    TooManyEntries { path: PathBuf, limit: usize },
    /// Files that should be in the archive are not.
    #[error(
        "{path}: missing from the archive: {}, expected each of them once as a regular file",
        quoted(missing)
    )]
    MissingMembers { path: PathBuf, missing: Vec<String> },
    /// A file is in the archive more than once.
    #[error("{path}: entry `{member}` occurs twice, expected once")]
    MemberTwice { path: PathBuf, member: String },
    /// A required entry of the archive is not a regular file.
    #[error("{path}: entry `{member}` is {found}, expected a regular file")]
    MemberKind {
        path: PathBuf,
        member: String,
        found: &'static str,
    },
    /// An archive does not have the length of the official one.
    #[error(
        "{path}: file has {found} bytes, expected {expected}\n\n\
         hint: the file is incomplete or another version; fetch it again, or pass `--allow-unverified` to use it anyway"
    )]
    OfficialSize {
        path: PathBuf,
        found: u64,
        expected: u64,
    },

    /// A file of a known kind that is not supported, or not here.
    #[error("{path}: found {found}, expected {expected}")]
    WrongKind {
        path: PathBuf,
        found: &'static str,
        expected: &'static str,
    },
    /// A row of a text table has another number of cells than the first.
    #[error("{path}: line {line} has {found} cells, expected {expected}, as in the first line")]
    TableRow {
        path: PathBuf,
        line: u64,
        found: usize,
        expected: usize,
    },
    /// A cell of a table is missing or has the wrong type.
    #[error(
        "{path}: {place}, column {column} is {found}, expected {expected}{}",
        word_hint(found, expected)
    )]
    TableCell {
        path: PathBuf,
        place: RowPlace,
        column: usize,
        found: String,
        expected: &'static str,
    },
    /// A quoted cell is not properly closed.
    #[error(
        "{path}: quoted cell starting in line {line} is {found}, expected a closing `\"` at the end of the cell"
    )]
    TableQuote {
        path: PathBuf,
        line: u64,
        found: &'static str,
    },
    /// A table without features, or with too many columns.
    #[error(
        "{path}: table has {found} columns, expected 2 to {limit}: features and a label\n\n\
         hint: cells are separated by `,`, `;`, tabs or spaces"
    )]
    TableColumns {
        path: PathBuf,
        found: usize,
        limit: usize,
    },
    /// A table without rows.
    #[error("{path}: table has no rows, expected at least 1")]
    TableEmpty { path: PathBuf },
    /// A table has no such column.
    #[error("{path}: {} {column}, expected {expected}", option_in_words(option))]
    NoColumn {
        path: PathBuf,
        option: &'static str,
        column: String,
        expected: &'static str,
    },
    /// Columns that a model needs are not in a table.
    #[error(
        "{path}: missing columns {missing}, which the model was trained on; the table has {found}"
    )]
    MissingColumns {
        path: PathBuf,
        missing: String,
        found: String,
    },
    /// The first line may be a header or a row.
    #[error(
        "{path}: the first line may be a header or a row: {found} in column {column} occurs nowhere below it\n\n\
         hint: use `--header yes` or `--header no`"
    )]
    UncertainHeader {
        path: PathBuf,
        found: String,
        column: usize,
    },
    /// A comma that may be a decimal mark or stand between thousands.
    #[error(
        "{path}: {found} may have a decimal comma or a comma between thousands\n\n\
         hint: use `--decimal comma` or `--decimal point`"
    )]
    DecimalMark { path: PathBuf, found: String },
    /// The first line says that there are more or fewer rows, or classes.
    #[error(
        "{path}: found {found}, expected {expected}, as the first line says\n\n\
         hint: the file may be cut; `--header no` takes the first line as a row"
    )]
    RowCount {
        path: PathBuf,
        found: usize,
        expected: usize,
    },
    /// A cell of a column of labels that are yes or no has a third word.
    #[error(
        "{path}: {place} has {found} in {column}, expected one of the two words of a label\n\n\
         hint: with several label columns each is a label that a row has or not; \
         `--task regression` predicts numbers"
    )]
    LabelWord {
        path: PathBuf,
        place: RowPlace,
        column: String,
        found: String,
    },
    /// No row has a label.
    #[error(
        "{path}: the label column ({column}) is empty\n\nhint: use `--label COLUMN` to select the label column"
    )]
    NoLabelCells { path: PathBuf, column: String },
    /// No column is left that could be a feature.
    #[error(
        "{path}: no column is left as a feature\n\n\
         hint: `spinet data info` lists the columns; `--only`, `--ignore`, `--numeric` and `--categorical` choose them"
    )]
    NoFeatures { path: PathBuf },
    /// More features than a network may have inputs.
    #[error(
        "{path}: the columns become {found} features, expected at most {limit}\n\nhint: use `--ignore COLUMN` for columns of many words"
    )]
    TooManyFeatures {
        path: PathBuf,
        found: usize,
        limit: usize,
    },
    /// A column that was said to be yes or no has more words.
    #[error("{path}: {column} has {found} different words, expected at most 2 of a yes/no column")]
    NotYesNo {
        path: PathBuf,
        column: String,
        found: usize,
    },
    /// A table that needs more than standardization, where that is forbidden.
    #[error("{path}: `--strict` refuses the table: {found}")]
    Strict { path: PathBuf, found: String },
    /// Folds of a table need its cells, which were not kept.
    #[error(
        "dataset `{data}` was loaded without its table, which folds need; expected it to be loaded for folds"
    )]
    TableNotKept { data: String },
    /// A column with too many different values to be the label.
    #[error(
        "{path}: label column has more than {limit} different labels at {place}, expected at most {limit}\n\n\
         hint: it looks like a feature; use `--label COLUMN` to select the label column"
    )]
    TooManyClasses {
        path: PathBuf,
        place: RowPlace,
        limit: usize,
    },
    /// All labels are the same.
    #[error(
        "{path}: label column has {found} different labels, expected at least 2\n\n\
         hint: use `--label COLUMN` to select the label column"
    )]
    OneClass { path: PathBuf, found: usize },
    /// All labels of a file are the same.
    #[error("{path}: all labels are the same, expected at least 2 different ones")]
    OneLabel { path: PathBuf },
    /// A label that is not one of the given classes.
    #[error("{path}: {place} has label {found}, expected a known class")]
    UnknownClass {
        path: PathBuf,
        place: RowPlace,
        found: String,
    },
    /// A table that needs more memory than the caller's limit.
    #[error("{path}: table needs {promised} bytes, expected at most {limit}")]
    TooManyNumbers {
        path: PathBuf,
        promised: u64,
        limit: u64,
    },
    /// The header of an array is not supported.
    #[error("{path}: npy header has {found}, expected {expected}")]
    NpyHeader {
        path: PathBuf,
        found: String,
        expected: &'static str,
    },
    /// An array is longer or shorter than its header says.
    #[error(
        "{path}: npy header declares {} numbers of {size} bytes = {promised}, but the file has {found} after the header",
        times(shape)
    )]
    NpySize {
        path: PathBuf,
        shape: Vec<u64>,
        size: usize,
        promised: u128,
        found: u64,
    },

    /// An archive without the arrays of a table.
    #[error(
        "{path}: {found}, expected a zip archive with the arrays `X` (features) and `y` (labels), as `numpy.savez(path, X=X, y=y)` writes it"
    )]
    BadArchive { path: PathBuf, found: String },
    /// A PNG file cannot be decoded.
    #[error("{path}: not a complete and valid PNG image, expected one of {} x {}", expected[0], expected[1])]
    PngDamaged {
        path: PathBuf,
        expected: [usize; 2],
        source: ::png::DecodingError,
    },
    /// A JPEG file cannot be decoded.
    #[error("{path}: not a complete and valid JPEG image")]
    JpegDamaged { path: PathBuf },
    /// An image without pixels, or with too many.
    #[error("{path}: image has no header with 1 to {limit} rows and columns")]
    ImageSize { path: PathBuf, limit: usize },
    /// An image has another size.
    #[error("{path}: image has {} rows x {} columns, expected {} x {}", found[0], found[1], expected[0], expected[1])]
    PngShape {
        path: PathBuf,
        found: [usize; 2],
        expected: [usize; 2],
    },

    /// A sample would have no feature.
    #[error("shape of a sample is {rows} x {columns}, expected at least 1 x 1")]
    EmptyShape { rows: usize, columns: usize },
    /// Values and labels do not match.
    #[error("samples have {found} values, expected {labels} labels x {rows} x {columns}{}", equals(&[*labels, *rows, *columns]))]
    SampleValues {
        labels: usize,
        rows: usize,
        columns: usize,
        found: usize,
    },
    /// A feature is NaN or infinite.
    #[error("value {index} is {found}, expected a finite number")]
    NotFinite { index: usize, found: f32 },
    /// There is no sample with this index.
    #[error("sample index is {index}, expected below {len}")]
    IndexOutOfRange { index: usize, len: usize },
    /// An idx file holds at least one sample and at most 2^32 - 1 along each dimension.
    #[error(
        "cannot write {} as idx, expected 1 to 4294967295 along each dimension",
        times(dimensions)
    )]
    IdxDimensions { dimensions: Vec<usize> },
    /// Bytes that are not a whole number of images.
    #[error("found {found} bytes, expected a multiple of {rows} x {columns}{}", equals(&[*rows, *columns]))]
    PartialImage {
        found: usize,
        rows: usize,
        columns: usize,
    },

    /// A label is not one of the classes.
    #[error("label of sample {index} is {found}, expected below {classes} (the number of classes)")]
    Label {
        index: usize,
        found: u8,
        classes: usize,
    },
    /// A class has fewer samples than asked for.
    #[error("class {class} has {found} samples, expected at least {expected}")]
    ClassTooSmall {
        class: usize,
        found: usize,
        expected: usize,
    },
    /// Fewer than two folds leave nothing to train on.
    #[error("`folds` must be at least 2, but is {found}")]
    FoldCount { found: usize },

    /// A test set that is empty or leaves a class without training samples.
    #[error("test set has {found} samples, expected 1 to {most} of the {samples}, so that every class keeps a training sample{}", label_hint(*most))]
    PartSize {
        found: usize,
        most: usize,
        samples: usize,
    },
    /// A split by groups or order leaves a class without training rows.
    #[error(
        "class `{class}` has no training row: all of them are in the groups, or at the end of the order, that are held out\n\n\
         hint: use a smaller `--test-size`, or another `--split-seed` with groups"
    )]
    ClassNotTrained { class: String },
    /// Fewer groups, or rows that differ in their order, than folds.
    #[error("{folds} folds need that many groups, or one more row than that of different order")]
    FoldGroups { folds: usize },
    /// An option that does not apply to this dataset.
    #[error("dataset `{data}` {found}, expected no `{option}`")]
    OptionWithout {
        data: String,
        found: &'static str,
        option: &'static str,
    },
    /// A name of user data that names nothing.
    #[error("dataset name `{name}` {found}, expected the path of a file or folder")]
    DataName { name: String, found: &'static str },
    /// Neither a dataset nor a file.
    #[error(
        "{path}: found no file or folder, expected a table ({KNOWN_TABLES}) or a folder of images"
    )]
    NoSuchData { path: PathBuf },
    /// A file whose extension is not that of a table.
    #[error(
        "{path}: unknown file extension, expected a table ({KNOWN_TABLES}) or a folder of images"
    )]
    NoTable { path: PathBuf },
    /// A folder without the files of an image set.
    #[error(
        "{path}: folder has no file `{missing}...`, expected idx files (plain or `.gz`) with names starting with `train-images`, `train-labels` and, for a test set, `t10k-` or `test-`"
    )]
    NoIdxFile {
        path: PathBuf,
        missing: &'static str,
    },
    /// A folder with several candidate files.
    #[error("{path}: folder has {}, expected one of them", quoted(found))]
    AmbiguousFiles { path: PathBuf, found: Vec<String> },
    /// A table with another number of features than the model.
    #[error(
        "{path}: table has {found} columns, expected {features} features, as in the model, {} a label column",
        if *needs_labels { "and" } else { "with or without" }
    )]
    FeatureCount {
        path: PathBuf,
        found: usize,
        features: usize,
        needs_labels: bool,
    },
    /// A table with the features of a model but no label column.
    #[error(
        "{path}: missing label column; table has {found} columns, one per feature of the model\n\n\
         hint: `spinet predict` needs no labels"
    )]
    NoLabels { path: PathBuf, found: usize },
    /// A number so far from the training data that its feature overflows `f32`.
    #[error("{path}: sample {index} is too far from the training data to be standardized")]
    TooFar { path: PathBuf, index: usize },

    /// No dataset has this name.
    #[error("unknown dataset `{name}`, expected {}{}", one_of(known), suggestion_hint(*suggestion))]
    UnknownDataset {
        name: String,
        suggestion: Option<&'static str>,
        known: Vec<&'static str>,
    },
    /// Neither a dataset nor user data has this name.
    #[error(
        "unknown dataset `{name}`, expected {}, or the name of a table or folder in {}{}",
        one_of(known), folder_in_words(folder), suggestion_hint(suggestion.as_deref())
    )]
    UnknownName {
        name: String,
        suggestion: Option<String>,
        known: Vec<&'static str>,
        /// Where user data was searched; empty for the current directory.
        folder: PathBuf,
    },
    /// The dataset is read from files, but no directory was given.
    #[error(
        "dataset `{dataset}` needs files, expected `--data-dir DIR` or the variable `SPINET_DATA`\n\n\
         hint: `spinet data fetch {dataset} --data-dir DIR` downloads them; `mnist-1200` is built in and needs no files"
    )]
    NoDataDir { dataset: &'static str },
    /// Files of the dataset were not found.
    #[error(
        "{data_dir}: found {} of the {all} files of dataset `{dataset}`, missing {} ({}); looked in {}\n\n\
         hint: `spinet data fetch {dataset} --data-dir {data_dir}` downloads them",
        all - missing.len(), quoted(missing), other_form(*archive), quoted(looked_in)
    )]
    MissingFiles {
        dataset: &'static str,
        data_dir: PathBuf,
        all: usize,
        missing: Vec<&'static str>,
        /// An archive that can replace all of them.
        archive: Option<&'static str>,
        looked_in: Vec<String>,
    },
    /// A file is not the official one.
    #[error(
        "{path}: sha256 is {found}, expected {expected}\n\n\
         hint: the file is corrupted or another version; fetch it again, or pass `--allow-unverified` to use it anyway"
    )]
    DigestMismatch {
        path: PathBuf,
        found: String,
        expected: &'static str,
    },

    /// The entry has no download address.
    #[error("dataset `{dataset}` has no download address")]
    NoAddress { dataset: &'static str },
    /// A file to fetch already exists, but is not the official one.
    #[error(
        "{path}: existing file has sha256 {found}, expected {expected}; it is not overwritten\n\n\
         hint: move it away or delete it, then fetch again"
    )]
    NotOverwritten {
        path: PathBuf,
        found: String,
        expected: &'static str,
    },
    /// A dangling link, or something else that is not a file, has the name of a file to fetch.
    #[error(
        "{path}: exists and is not a regular file; it is not overwritten\n\nhint: move it away, then fetch again"
    )]
    InTheWay { path: PathBuf },
    /// A downloaded file was removed before the download finished.
    #[error("{path}: was downloaded, but no longer exists")]
    Gone { path: PathBuf },
    /// The address could not be reached, or the connection broke.
    #[error("{address}: cannot download (is there a network?)")]
    Download {
        address: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server answered, but not with the file.
    #[error("{address}: server answered with status {found}, expected 200")]
    HttpStatus { address: String, found: u16 },
    /// The download has another length than the official file.
    #[error("{address}: download has {}{found} bytes, expected {expected}", if found > expected { "at least " } else { "" })]
    DownloadSize {
        address: String,
        found: u64,
        expected: u64,
    },
    /// The download has the right length, but is not the official file.
    #[error("{address}: download has sha256 {found}, expected {expected}; nothing was kept")]
    DownloadDigest {
        address: String,
        found: String,
        expected: &'static str,
    },
}

/// The dimensions and their size in bytes; only the size if there is one dimension.
fn product(dimensions: &[u32], bytes: u128) -> String {
    if dimensions.len() == 1 {
        format!("{bytes} bytes")
    } else {
        format!("{} = {bytes} bytes", times(dimensions))
    }
}

fn times(dimensions: &[impl ToString]) -> String {
    dimensions
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" x ")
}

/// ` = product`, or nothing if the product overflows.
fn equals(factors: &[usize]) -> String {
    let product = factors
        .iter()
        .try_fold(1_usize, |product, &factor| product.checked_mul(factor));
    product
        .map(|product| format!(" = {product}"))
        .unwrap_or_default()
}

fn spaced_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn kind_of_dimensions(dimensions: u8) -> &'static str {
    if dimensions == 1 { "labels" } else { "images" }
}

fn not_idx_hint(found: [u8; 2]) -> &'static str {
    match found {
        [0x1f, 0x8b] => "\n\nhint: this is gzip inside gzip; unpack it once",
        [b'P', b'K'] => "\n\nhint: this is a zip archive; unpack it first",
        [b'<', _] => "\n\nhint: this is a web page, probably saved instead of the file",
        _ => "",
    }
}

fn quoted(names: &[impl std::fmt::Display]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The alternative to the named files.
fn other_form(archive: Option<&str>) -> String {
    archive.map_or_else(
        || "plain or `.gz`".to_owned(),
        |name| format!("or `{name}`"),
    )
}

fn one_of(names: &[&str]) -> String {
    format!("one of {}", quoted(names))
}

fn folder_in_words(folder: &Path) -> String {
    if folder.as_os_str().is_empty() {
        "the current directory".to_owned()
    } else {
        format!("{}", folder.display())
    }
}

fn label_hint(most: usize) -> &'static str {
    if most == 0 {
        "\n\nhint: every sample has a different label; use `--label COLUMN` to select the label column of a table"
    } else {
        ""
    }
}

fn option_in_words(option: &str) -> String {
    match option {
        "label" => "label column is".to_owned(),
        option => format!("column of `{option}` is"),
    }
}

/// What to do about a word among numbers.
fn word_hint(found: &str, expected: &str) -> &'static str {
    let word = found.trim_matches('`');
    let is_word = found.starts_with('`')
        && word.starts_with(char::is_alphabetic)
        && word.parse::<f64>().is_err();
    if is_word && expected == A_NUMBER {
        "\n\nhint: most cells of this column are numbers; `--categorical COLUMN` makes categories of all, `--ignore COLUMN` leaves it out, `--label COLUMN` makes it the label"
    } else {
        ""
    }
}

fn suggestion_hint(suggestion: Option<&str>) -> String {
    suggestion
        .map(|name| format!("\n\nhint: did you mean `{name}`?"))
        .unwrap_or_default()
}
