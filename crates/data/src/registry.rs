//! The named datasets: their sources and official files.

use crate::entry::{
    CifarFiles, Content, DatasetEntry, Draw, FileEntry, IdxFiles, NamedFile, StoredForm,
};
use crate::error::Error;

/// All named datasets.
pub const DATASETS: &[DatasetEntry] = &[
    MNIST_1200,
    MNIST,
    FASHION_MNIST,
    FASHION_MNIST_1200,
    CIFAR_10,
];

/// The entry of the dataset called `name`.
///
/// # Errors
///
/// [`Error::UnknownDataset`] with the list of names, and the most similar one if any is similar.
pub fn find(name: &str) -> Result<&'static DatasetEntry, Error> {
    DATASETS
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| {
            let known: Vec<_> = DATASETS.iter().map(|entry| entry.name).collect();
            Error::UnknownDataset {
                name: name.to_owned(),
                suggestion: similar(name, &known),
                known,
            }
        })
}

fn similar(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let scored = known
        .iter()
        .map(|&candidate| (strsim::jaro_winkler(&lower, candidate), candidate));
    scored
        .filter(|&(score, _)| score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

const fn form(bytes: u64, sha256: &'static str) -> StoredForm {
    StoredForm { bytes, sha256 }
}

const DIGITS: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const MNIST_LICENCE: &str = "CC BY-SA 3.0 (as commonly stated)";

const MNIST_TEST_IMAGES: FileEntry = FileEntry {
    name: "t10k-images-idx3-ubyte",
    gz: form(
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    plain: form(
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
};
const MNIST_TEST_LABELS: FileEntry = FileEntry {
    name: "t10k-labels-idx1-ubyte",
    gz: form(
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    plain: form(
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
};

const MNIST_1200: DatasetEntry = DatasetEntry {
    name: "mnist-1200",
    summary: "MNIST with 120 training images per digit and the full test set; built in",
    licence: MNIST_LICENCE,
    attribution: "Yann LeCun, Corinna Cortes, Christopher Burges; 1,200 training images drawn from the 60,000",
    addresses: &[],
    class_names: DIGITS,
    shape: [28, 28],
    train_count: 1_200,
    test_count: 10_000,
    content: Content::Idx(IdxFiles {
        files: &[
            FileEntry {
                name: "train-images-idx3-ubyte",
                gz: form(
                    196_941,
                    "680d3be3fbb0cb715df0d0a8ea710f89ad7d969f12760f3d019654be54f12666",
                ),
                plain: form(
                    940_816,
                    "66c51aebdf6206a95ce6d4edbfa76b2c30e821491a7e1b10ea8725207ad5fc75",
                ),
            },
            FileEntry {
                name: "train-labels-idx1-ubyte",
                gz: form(
                    623,
                    "7e7fd6e398eb66f8922ab71f1d50bd4db2f52e4370d8a637b4c97b8c7a2ee16b",
                ),
                plain: form(
                    1_208,
                    "c9165044094fb50b6e12573799a78d129d14c0ea589334a8fc0b40446307606a",
                ),
            },
            MNIST_TEST_IMAGES,
            MNIST_TEST_LABELS,
        ],
        torchvision_folder: None,
        embedded: Some([
            include_bytes!("../assets/mnist-1200/train-images-idx3-ubyte.gz"),
            include_bytes!("../assets/mnist-1200/train-labels-idx1-ubyte.gz"),
            include_bytes!("../assets/mnist-1200/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../assets/mnist-1200/t10k-labels-idx1-ubyte.gz"),
        ]),
    }),
};

const MNIST: DatasetEntry = DatasetEntry {
    name: "mnist",
    summary: "handwritten digits, 28 x 28 grayscale, 60,000 training and 10,000 test images",
    licence: MNIST_LICENCE,
    attribution: "Yann LeCun, Corinna Cortes, Christopher Burges",
    addresses: &[
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    class_names: DIGITS,
    shape: [28, 28],
    train_count: 60_000,
    test_count: 10_000,
    content: Content::Idx(IdxFiles {
        files: &[
            FileEntry {
                name: "train-images-idx3-ubyte",
                gz: form(
                    9_912_422,
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                ),
                plain: form(
                    47_040_016,
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
            },
            FileEntry {
                name: "train-labels-idx1-ubyte",
                gz: form(
                    28_881,
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                ),
                plain: form(
                    60_008,
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
            },
            MNIST_TEST_IMAGES,
            MNIST_TEST_LABELS,
        ],
        torchvision_folder: Some("MNIST/raw"),
        embedded: None,
    }),
};

const FASHION_MNIST: DatasetEntry = DatasetEntry {
    name: "fashion-mnist",
    summary: "images of clothing, 28 x 28 grayscale, 60,000 training and 10,000 test images",
    licence: "MIT",
    attribution: "Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf)",
    addresses: &[
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
    class_names: &[
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    shape: [28, 28],
    train_count: 60_000,
    test_count: 10_000,
    content: Content::Idx(IdxFiles {
        files: &[
            FileEntry {
                name: "train-images-idx3-ubyte",
                gz: form(
                    26_421_880,
                    "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                ),
                plain: form(
                    47_040_016,
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                ),
            },
            FileEntry {
                name: "train-labels-idx1-ubyte",
                gz: form(
                    29_515,
                    "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                ),
                plain: form(
                    60_008,
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                ),
            },
            FileEntry {
                name: "t10k-images-idx3-ubyte",
                gz: form(
                    4_422_102,
                    "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                ),
                plain: form(
                    7_840_016,
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                ),
            },
            FileEntry {
                name: "t10k-labels-idx1-ubyte",
                gz: form(
                    5_148,
                    "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                ),
                plain: form(
                    10_008,
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            },
        ],
        torchvision_folder: Some("FashionMNIST/raw"),
        embedded: None,
    }),
};

const FASHION_MNIST_1200: DatasetEntry = DatasetEntry {
    name: "fashion-mnist-1200",
    summary: "fashion-mnist with 120 training images per class and the full test set; drawn from its files",
    licence: FASHION_MNIST.licence,
    attribution: "Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf); 1,200 training images drawn from the 60,000",
    addresses: &[],
    class_names: FASHION_MNIST.class_names,
    shape: FASHION_MNIST.shape,
    train_count: 1_200,
    test_count: 10_000,
    content: Content::Draw(Draw {
        from: &FASHION_MNIST,
        per_class: 120,
        key: "spinet fashion-mnist-1200",
    }),
};

/// Records of one file, as published.
const fn records_file(name: &'static str, sha256: &'static str) -> NamedFile {
    NamedFile {
        name,
        form: form(30_730_000, sha256),
    }
}

const CIFAR_10: DatasetEntry = DatasetEntry {
    name: "cifar-10",
    summary: "small photographs, 32 x 32 in color, 50,000 training and 10,000 test images",
    licence: "none stated; cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    attribution: "Alex Krizhevsky, Vinod Nair, Geoffrey Hinton",
    addresses: &["https://www.cs.toronto.edu/~kriz/"],
    class_names: &[
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ],
    // Red, green and blue, stacked vertically.
    shape: [3 * 32, 32],
    train_count: 50_000,
    test_count: 10_000,
    content: Content::Cifar(CifarFiles {
        archive: NamedFile {
            name: "cifar-10-binary.tar.gz",
            form: form(
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        },
        folder: "cifar-10-batches-bin",
        train: &[
            records_file(
                "data_batch_1.bin",
                "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            ),
            records_file(
                "data_batch_2.bin",
                "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            ),
            records_file(
                "data_batch_3.bin",
                "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            ),
            records_file(
                "data_batch_4.bin",
                "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            ),
            records_file(
                "data_batch_5.bin",
                "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            ),
        ],
        test: &[records_file(
            "test_batch.bin",
            "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        )],
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_and_consistent() {
        for entry in DATASETS {
            let name = entry.name;
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(
                [entry.summary, entry.licence, entry.attribution]
                    .iter()
                    .all(|text| !text.is_empty()),
                "{name}"
            );
            assert!(
                entry
                    .addresses
                    .iter()
                    .all(|address| address.starts_with("https://") && address.ends_with('/')),
                "{name}"
            );
            let features = entry.shape[0] * entry.shape[1];
            match entry.content {
                Content::Idx(files) => {
                    assert_eq!(
                        entry.is_embedded(),
                        entry.addresses.is_empty(),
                        "{name} is either built in or to be fetched"
                    );
                    let counts = [entry.train_count, entry.test_count];
                    let [train, test] = counts.map(|count| [16 + count * features, 8 + count]);
                    let sizes = [train, test].concat();
                    assert!(
                        files
                            .files
                            .iter()
                            .zip(sizes)
                            .all(|(file, size)| file.plain.bytes == size as u64),
                        "{name}"
                    );
                }
                Content::Cifar(files) => {
                    assert!(!entry.addresses.is_empty(), "{name}");
                    let records = |files: &[NamedFile]| {
                        let whole = files
                            .iter()
                            .all(|file| file.form.bytes.is_multiple_of(1 + features as u64));
                        assert!(whole, "{name}");
                        files.iter().map(|file| file.form.bytes).sum::<u64>()
                            / (1 + features as u64)
                    };
                    assert_eq!(
                        (records(files.train), records(files.test)),
                        (entry.train_count as u64, entry.test_count as u64),
                        "{name}"
                    );
                }
                Content::Draw(draw) => {
                    assert!(
                        entry.addresses.is_empty()
                            && DATASETS.iter().any(|other| other.name == draw.from.name),
                        "{name}"
                    );
                    assert_eq!(
                        (entry.shape, entry.class_names),
                        (draw.from.shape, draw.from.class_names),
                        "{name}"
                    );
                    assert_eq!(
                        entry.train_count,
                        draw.per_class * entry.class_names.len(),
                        "{name}"
                    );
                    assert_eq!(entry.test_count, draw.from.test_count, "{name}");
                }
            }
            let published = entry.published();
            let inside = published
                .iter()
                .flat_map(|file| file.contents.iter().map(|inside| inside.form));
            for form in published.iter().map(|file| file.form).chain(inside) {
                assert!(
                    form.sha256.len() == 64
                        && form
                            .sha256
                            .bytes()
                            .all(|b| b"0123456789abcdef".contains(&b)),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_list_and_the_nearest_name() {
        let list = "expected one of `mnist-1200`, `mnist`, `fashion-mnist`, `fashion-mnist-1200`, `cifar-10`";
        for (name, suggestion) in [
            ("minst", "mnist"),
            ("MNIST", "mnist"),
            ("fashion", "fashion-mnist"),
            ("mnist1200", "mnist-1200"),
            ("cifar10", "cifar-10"),
        ] {
            let expected =
                format!("unknown dataset `{name}`, {list}\n\nhint: did you mean `{suggestion}`?");
            assert_eq!(find(name).unwrap_err().to_string(), expected);
        }
        assert_eq!(
            find("svhn").unwrap_err().to_string(),
            format!("unknown dataset `svhn`, {list}")
        );
        assert_eq!(find("mnist").unwrap().train_count, 60_000);
        assert_eq!(find("cifar-10").unwrap().shape, [96, 32]);
    }
}
