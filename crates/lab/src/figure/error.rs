//! What can be wrong with a figure.

use plotters::drawing::DrawingAreaErrorKind;

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// There is no panel.
    #[error("figure `{figure}` has no panels, but needs at least one")]
    NoPanels {
        /// Title of the figure.
        figure: String,
    },
    /// A panel has no lines.
    #[error("panel `{panel}` has no series, but needs at least one")]
    NoSeries {
        /// Title of the panel.
        panel: String,
    },
    /// A line has nothing that can be drawn.
    #[error(
        "panel `{panel}`: series `{label}` has {points} points, none of them finite, but needs at least one finite point"
    )]
    EmptySeries {
        /// Title of the panel.
        panel: String,
        /// Label of the series.
        label: String,
        /// Points it has.
        points: usize,
    },
    /// A band does not belong to its line.
    #[error(
        "panel `{panel}`: the band of series `{label}` has {found} pairs, but the series has {expected} points"
    )]
    BandLength {
        /// Title of the panel.
        panel: String,
        /// Label of the series.
        label: String,
        /// Pairs in the band.
        found: usize,
        /// Points of the series.
        expected: usize,
    },
    /// A fixed range holds no values.
    #[error(
        "axis `{axis}`: the range is {low} to {high}, but must be finite, rising{}",
        if *is_logarithmic { " and above 0 on a logarithmic axis" } else { "" }
    )]
    InvalidRange {
        /// Label of the axis.
        axis: String,
        /// First value of the range.
        low: f64,
        /// Last value of the range.
        high: f64,
        /// Whether the axis is logarithmic.
        is_logarithmic: bool,
    },
    /// A histogram's edges and counts do not belong together.
    #[error(
        "histogram `{panel}` has {edges} edges for {counts} bins, but needs at least one bin and one more edge than bins"
    )]
    EdgeCount {
        /// Title of the panel.
        panel: String,
        /// Edges it has.
        edges: usize,
        /// Bins it has.
        counts: usize,
    },
    /// A histogram's edges do not rise.
    #[error(
        "histogram `{panel}`: edge {index} is {value}, but every edge must be finite and above the one before"
    )]
    EdgeOrder {
        /// Title of the panel.
        panel: String,
        /// Position of the edge, from 0.
        index: usize,
        /// The edge.
        value: f64,
    },
    /// Titles, labels and legend leave no room for the data.
    #[error(
        "panel `{panel}` is left {width} x {height} pixels for its data, but needs at least 60 x 60"
    )]
    TooSmall {
        /// Title of the panel.
        panel: String,
        /// Pixels left from side to side.
        width: i32,
        /// Pixels left from top to bottom.
        height: i32,
    },
    /// The drawing library failed.
    #[error("the chart cannot be drawn")]
    Drawing(#[from] DrawingAreaErrorKind<std::io::Error>),
}
