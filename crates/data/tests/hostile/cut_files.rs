//! A cut file is refused, wherever it was cut.

use spinet_data::idx::Limits;
use spinet_data::png::parse_png;
use spinet_data::{Content, Error, IdxFiles, find};

use super::{Kind, Numbers, gzip};

fn samples() -> [(Kind, Vec<u8>); 4] {
    let mut numbers = Numbers(3);
    let images = spinet_data::idx::encode_images(&numbers.bytes(5 * 784), [28, 28]).unwrap();
    let labels: Vec<u8> = (0..4088).map(|_| numbers.below(10) as u8).collect();
    let labels = spinet_data::idx::encode_labels(&labels).unwrap();
    let packed = (gzip(&images), gzip(&labels));
    [
        (Kind::Images, images),
        (Kind::Labels, labels),
        (Kind::Images, packed.0),
        (Kind::Labels, packed.1),
    ]
}

#[test]
fn every_prefix_of_a_small_file_of_each_kind_is_refused() {
    let limits = Limits::default();
    for (kind, file) in samples() {
        kind.accepts(&file, &limits).unwrap();
        for length in 0..file.len() {
            let error = kind.accepts(&file[..length], &limits).unwrap_err();
            let is_cut = matches!(
                error,
                Error::HeaderTruncated { .. }
                    | Error::Truncated { .. }
                    | Error::GzipTooSmall { .. }
                    | Error::GzipDamaged { .. }
            );
            assert!(
                is_cut,
                "{kind:?} cut to {length} of {} bytes: {error}",
                file.len()
            );
        }
    }
}

#[test]
fn every_short_prefix_of_a_file_of_real_size_is_refused() {
    let Content::Idx(IdxFiles {
        embedded: Some([_, _, images, labels]),
        ..
    }) = find("mnist-1200").unwrap().content
    else {
        panic!()
    };
    for (kind, file) in [(Kind::Images, images), (Kind::Labels, labels)] {
        kind.accepts(file, &Limits::default()).unwrap();
        let lengths = (0..512)
            .chain((0..20).map(|step| file.len() / 20 * step))
            .chain(file.len() - 20..file.len());
        for length in lengths {
            kind.accepts(&file[..length], &Limits::default())
                .unwrap_err();
        }
    }
}

#[test]
fn every_prefix_of_a_picture_is_refused() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&Numbers(4).bytes(784)).unwrap();
    writer.finish().unwrap();
    for length in 0..file.len() {
        let error = parse_png(&file[..length], "cut.png".as_ref(), [28, 28]).unwrap_err();
        assert!(
            matches!(error, Error::PngDamaged { .. }),
            "cut to {length} of {} bytes: {error}",
            file.len()
        );
    }
    assert_eq!(
        parse_png(&file, "cut.png".as_ref(), [28, 28]).unwrap(),
        Numbers(4).bytes(784)
    );
}
