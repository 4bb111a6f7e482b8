//! Tests of whole pictures.

use super::*;

fn series(label: &str, style: usize, points: &[(f64, f64)]) -> Series {
    Series::new(label, points.to_vec(), style)
}

fn figure(series: Vec<Series>) -> Figure {
    let panel = Panel {
        title: "Test".to_owned(),
        x: Axis::new("epoch", false),
        y: Axis::new("accuracy (%)", false),
        series,
    };
    Figure {
        title: "Curves".to_owned(),
        description: "Accuracy rises.".to_owned(),
        panels: vec![panel],
        size: (480, 320),
    }
}

/// Elements of a kind whose attributes contain a text.
fn count(svg: &str, element: &str, attribute: &str) -> usize {
    svg.lines()
        .filter(|line| line.starts_with(&format!("<{element} ")) && line.contains(attribute))
        .count()
}

/// The texts of the chart, in the order in which they are drawn.
fn texts(svg: &str) -> Vec<&str> {
    svg.split("<text ")
        .skip(1)
        .filter_map(|text| text.split_once('\n')?.1.split('\n').next())
        .collect()
}

const RISING: [(f64, f64); 3] = [(1.0, 60.0), (2.0, 80.0), (3.0, 90.0)];

#[test]
fn title_labels_ticks_and_description_are_in_the_picture() {
    let svg = render(&figure(vec![series("initial", 0, &RISING)])).unwrap();
    for expected in [
        "Curves",
        "Test",
        "epoch",
        "accuracy (%)",
        "initial",
        "1.0",
        "3.0",
        "60",
        "90",
    ] {
        assert!(
            texts(&svg).contains(&expected),
            "`{expected}` is missing in {:?}",
            texts(&svg)
        );
    }
    let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"480\" height=\"320\" viewBox=\"0 0 1920 1280\">\n\
                <title>Curves</title>\n<desc>Accuracy rises.</desc>\n";
    assert!(svg.starts_with(head), "{}", &svg[..200]);
    assert!(svg.ends_with("</svg>\n"));
    assert_eq!(
        svg.matches("font-family=\"sans-serif\"").count(),
        texts(&svg).len()
    );
}

#[test]
fn reserved_characters_are_escaped() {
    let mut figure = figure(vec![series("a < b & \"c\"", 0, &RISING)]);
    figure.title = "x > y & z".to_owned();
    figure.description = "p < 0.05 & n = 5".to_owned();
    let svg = render(&figure).unwrap();
    assert!(texts(&svg).contains(&"a &lt; b &amp; &quot;c&quot;"));
    assert!(svg.contains("<title>x &gt; y &amp; z</title>\n<desc>p &lt; 0.05 &amp; n = 5</desc>"));
    assert!(!svg.contains("a < b") && !svg.contains("y & z"));
}

/// Complains about what no XML parser takes: characters that XML does not have, a lone `&`, tags
/// that do not pair.
pub(crate) fn assert_well_formed(svg: &str) {
    let is_allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(
        svg.chars().all(is_allowed),
        "{:?}",
        svg.chars().find(|c| !is_allowed(*c))
    );
    for entity in svg.split('&').skip(1) {
        let name = entity.split(';').next().unwrap_or_default();
        assert!(
            ["amp", "lt", "gt", "quot", "apos", "#39"].contains(&name),
            "&{name}"
        );
    }
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag ends");
        assert!(
            !text.contains('>') && tag.matches('"').count().is_multiple_of(2),
            "<{tag}>{text}"
        );
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name)),
            (None, true) => {}
            (None, false) => open.push(tag.split_whitespace().next().unwrap_or_default()),
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn no_text_puts_a_control_character_or_a_mark_of_direction_into_the_picture() {
    const EVIL: &str = "\u{1}\u{7}\u{1b}[31m\u{7f}\u{85}\u{61c}\u{200f}\u{202e}\u{2066}\u{206a}\u{fffe}</text><script>&'\"\r\n";
    let mut figure = figure(vec![series(EVIL, 0, &RISING)]);
    figure.panels[0].title = EVIL.to_owned();
    (figure.panels[0].x.label, figure.panels[0].y.label) = (EVIL.to_owned(), EVIL.to_owned());
    (figure.title, figure.description) = (EVIL.to_owned(), EVIL.to_owned());
    let histogram = Bars {
        title: EVIL.to_owned(),
        edges: vec![0.0, 1.0],
        counts: vec![3],
    };
    let (title, description, panels) = (EVIL.to_owned(), EVIL.to_owned(), vec![histogram]);
    let histograms = Histograms {
        title,
        description,
        x: Axis::new(EVIL, false),
        y: Axis::new(EVIL, false),
        panels,
        size: (480, 320),
    };
    for svg in [
        render(&figure).unwrap(),
        render_histograms(&histograms).unwrap(),
    ] {
        assert_well_formed(&svg);
        let bad = svg.chars().find(|c| *c != '\n' && crate::is_harmful(*c));
        assert_eq!(bad, None);
        assert!(!svg.contains("<script>"));
    }
}

#[test]
fn a_series_is_one_line_in_its_colour_through_all_its_points() {
    let svg = render(&figure(vec![
        series("initial", 0, &RISING),
        series("other", 1, &RISING),
    ]))
    .unwrap();
    // One of each is the sample in the legend.
    let lines: Vec<_> = svg
        .lines()
        .filter(|line| line.starts_with("<polyline ") && line.contains("#0072B2"))
        .collect();
    assert_eq!(lines.len(), 2);
    let corners = |line: &str| {
        line.split_once("points=\"")
            .unwrap()
            .1
            .split_whitespace()
            .filter(|word| word.contains(','))
            .count()
    };
    let mut found: Vec<_> = lines.iter().map(|line| corners(line)).collect();
    found.sort_unstable();
    assert_eq!(found, [2, 3]);
}

#[test]
fn other_styles_are_dashed_and_have_markers_of_another_shape() {
    let svg = render(&figure(vec![
        series("initial", 0, &RISING),
        series("BDNN-dsd", 1, &RISING),
    ]))
    .unwrap();
    assert_eq!(
        count(
            &svg,
            "polyline",
            "stroke=\"#0072B2\" stroke-width=\"7\" stroke-dasharray=\"40 16\""
        ),
        2,
        "line and legend"
    );
    assert_eq!(
        count(&svg, "polyline", "stroke-dasharray"),
        2,
        "the first series and the axes are solid"
    );
    assert_eq!(
        count(&svg, "circle", "#000000"),
        4,
        "three points and one in the legend"
    );
    assert_eq!(
        count(&svg, "polygon", "#0072B2"),
        4,
        "three points and one in the legend"
    );
}

#[test]
fn a_band_is_one_translucent_polygon_with_two_corners_per_point() {
    let mut with_band = series("initial", 4, &RISING);
    assert_eq!(
        count(
            &render(&figure(vec![with_band.clone()])).unwrap(),
            "polygon",
            "opacity=\"0.18\""
        ),
        0
    );
    with_band.band = vec![(59.0, 61.0), (78.0, 82.0), (89.0, 91.0)];
    let svg = render(&figure(vec![with_band])).unwrap();
    assert_eq!(count(&svg, "polygon", "opacity=\"0.18\""), 1);
    let band = svg
        .lines()
        .find(|line| line.contains("opacity=\"0.18\""))
        .unwrap();
    assert!(band.contains("#E69F00"));
    assert_eq!(
        band.split_once("points=\"").unwrap().1.matches(',').count(),
        6
    );
}

#[test]
fn missing_values_interrupt_the_line_and_do_not_stretch_the_axes() {
    let gap = [
        (1.0, 60.0),
        (2.0, 61.0),
        (3.0, f64::NAN),
        (4.0, 62.0),
        (5.0, 63.0),
        (6.0, f64::INFINITY),
        (f64::NAN, 900.0),
    ];
    let svg = render(&figure(vec![series("initial", 4, &gap)])).unwrap();
    assert_eq!(
        count(&svg, "polyline", "#E69F00"),
        3,
        "two parts and the legend"
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert!(!texts(&svg).contains(&"800"));
}

#[test]
fn zeros_are_left_out_on_a_logarithmic_axis_even_if_nothing_else_is_there() {
    let mut figure = figure(vec![
        series("appeared", 4, &[(0.0, 500.0), (1.0, 5.0), (2.0, 0.0)]),
        series("grew", 1, &[(0.0, 0.0)]),
    ]);
    figure.panels[0].y.is_logarithmic = true;
    let svg = render(&figure).unwrap();
    assert_eq!(
        count(&svg, "polyline", "#E69F00"),
        2,
        "one part and the legend"
    );
    assert_eq!(
        count(&svg, "polygon", "#0072B2"),
        1,
        "only the legend shows the series of zeros"
    );
    assert!(texts(&svg).contains(&"grew") && texts(&svg).contains(&"100"));
    figure.panels[0].series.remove(0);
    assert!(texts(&render(&figure).unwrap()).contains(&"grew"));
}

#[test]
fn points_outside_a_fixed_range_stay_out_of_the_picture() {
    let mut figure = figure(vec![series(
        "initial",
        4,
        &[(0.0, -1e9), (1.0, 5.0), (2.0, 1e9)],
    )]);
    figure.panels[0].y.range = Some((0.0, 10.0));
    let svg = render(&figure).unwrap();
    for points in svg
        .split("points=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        for (x, y) in points
            .split_whitespace()
            .filter_map(|point| point.split_once(','))
        {
            assert!(
                (0..=1920).contains(&x.parse::<i32>().unwrap())
                    && (0..=1280).contains(&y.parse::<i32>().unwrap())
            );
        }
    }
    assert_eq!(
        count(&svg, "circle", "#E69F00"),
        2,
        "ring of one point and of the legend; the two others lie outside"
    );
}

#[test]
fn panels_share_a_legend_unless_a_style_has_two_meanings() {
    let mut figure = figure(vec![
        series("initial", 0, &RISING),
        series("BDNN-dsd", 1, &RISING),
    ]);
    figure.panels.push(figure.panels[0].clone());
    figure.size = (900, 420);
    let shown = |figure: &Figure, label: &str| {
        texts(&render(figure).unwrap())
            .iter()
            .filter(|text| **text == label)
            .count()
    };
    assert_eq!(
        (shown(&figure, "initial"), shown(&figure, "BDNN-dsd")),
        (1, 1)
    );
    figure.panels[1].series[1].label = "dropout".to_owned();
    assert_eq!(
        (
            shown(&figure, "initial"),
            shown(&figure, "BDNN-dsd"),
            shown(&figure, "dropout")
        ),
        (2, 1, 1)
    );
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let figure = figure(vec![
        series("initial", 0, &RISING),
        series("BDNN-dsd", 1, &RISING),
    ]);
    assert_eq!(render(&figure).unwrap(), render(&figure.clone()).unwrap());
    let mut other = figure.clone();
    other.panels[0].series[0].points[1].1 = 70.0;
    assert_ne!(render(&figure).unwrap(), render(&other).unwrap());
}

#[test]
fn four_long_series_with_bands_stay_below_150_kilobytes() {
    let long = |style: usize| {
        let points: Vec<_> = (1..=300)
            .map(|i| {
                (
                    f64::from(i),
                    80.0 + (f64::from(i) * 0.7).sin() + style as f64,
                )
            })
            .collect();
        let band = points.iter().map(|(_, y)| (y - 1.0, y + 1.0)).collect();
        Series {
            label: format!("method {style}"),
            points,
            band,
            style,
        }
    };
    let mut figure = figure((0..4).map(long).collect());
    figure.panels.push(figure.panels[0].clone());
    figure.size = (900, 420);
    let length = render(&figure).unwrap().len();
    assert!((20_000..150_000).contains(&length), "{length} bytes");
}

#[test]
fn what_is_missing_is_named() {
    let text = |figure: &Figure| render(figure).unwrap_err().to_string();
    let mut none = figure(Vec::new());
    assert_eq!(
        text(&none),
        "panel `Test` has no series, but needs at least one"
    );
    none.panels.clear();
    assert_eq!(
        text(&none),
        "figure `Curves` has no panels, but needs at least one"
    );
    let empty = figure(vec![series("initial", 0, &[(1.0, f64::NAN)])]);
    assert_eq!(
        text(&empty),
        "panel `Test`: series `initial` has 1 points, none of them finite, but needs at least one finite point"
    );
    let mut short = figure(vec![series("initial", 0, &RISING)]);
    short.panels[0].series[0].band = vec![(0.0, 1.0)];
    assert_eq!(
        text(&short),
        "panel `Test`: the band of series `initial` has 1 pairs, but the series has 3 points"
    );
}

#[test]
fn impossible_ranges_and_sizes_are_refused() {
    let mut figure = figure(vec![series("initial", 0, &RISING)]);
    figure.panels[0].y.range = Some((0.0, 100.0));
    figure.panels[0].y.is_logarithmic = true;
    let error = render(&figure).unwrap_err();
    assert_eq!(
        error.to_string(),
        "axis `accuracy (%)`: the range is 0 to 100, but must be finite, rising and above 0 on a logarithmic axis"
    );
    figure.panels[0].y = Axis::new("accuracy (%)", false);
    for size in [(0, 0), (120, 90), (2_000, 60)] {
        figure.size = size;
        assert!(
            matches!(render(&figure), Err(FigureError::TooSmall { .. })),
            "{size:?}"
        );
    }
}

/// Histograms of weights with linear axes.
fn histograms(panels: &[(&str, &[f64], &[u64])]) -> Result<String, FigureError> {
    let bars = panels.iter().map(|(title, edges, counts)| Bars {
        title: (*title).to_owned(),
        edges: edges.to_vec(),
        counts: counts.to_vec(),
    });
    render_histograms(&Histograms {
        title: "Weights".to_owned(),
        description: "Histograms of weights".to_owned(),
        x: Axis::new("weight", false),
        y: Axis::new("weights per bin", false),
        panels: bars.collect(),
        size: (900, 340),
    })
}

#[test]
fn histograms_share_the_range_of_values_and_say_how_many() {
    let panels: [(&str, &[f64], &[u64]); 2] = [
        ("initial", &[-1.0, 0.0, 1.0], &[3_000, 1_000]),
        ("BDNN-dsd", &[-0.5, 0.0, 0.5], &[0, 4_000]),
    ];
    let svg = histograms(&panels).unwrap();
    assert_eq!(count(&svg, "polygon", "opacity=\"0.45\""), 2);
    let ends = texts(&svg)
        .iter()
        .filter(|text| **text == "\u{2212}1.0")
        .count();
    assert_eq!(ends, 2, "both panels start at -1");
    for expected in [
        "initial",
        "BDNN-dsd",
        "weight",
        "weights per bin",
        "3,000",
        "4,000",
    ] {
        assert!(
            texts(&svg).contains(&expected),
            "`{expected}` is missing in {:?}",
            texts(&svg)
        );
    }
    assert!(svg.contains("<desc>Histograms of weights</desc>"));
    assert_eq!(svg, histograms(&panels).unwrap());
}

#[test]
fn histograms_whose_edges_do_not_fit_are_refused() {
    let text = |edges: &[f64], counts: &[u64]| {
        histograms(&[("a", edges, counts)]).unwrap_err().to_string()
    };
    assert_eq!(
        text(&[0.0, 1.0], &[1, 2]),
        "histogram `a` has 2 edges for 2 bins, but needs at least one bin and one more edge than bins"
    );
    assert_eq!(
        text(&[0.0, 1.0, 1.0], &[1, 2]),
        "histogram `a`: edge 2 is 1, but every edge must be finite and above the one before"
    );
    assert!(matches!(histograms(&[]), Err(FigureError::NoPanels { .. })));
}
