//! Automatic differentiation of scalars in `f64`: an independent reference for what layers compute
//! by hand. Slow and plain.

use std::cell::RefCell;

/// Every operation so far: its value, and its inputs with the derivative by each.
#[derive(Default)]
pub(crate) struct Tape(RefCell<Vec<Node>>);

struct Node {
    value: f64,
    inputs: Vec<(usize, f64)>,
}

/// A number on the tape.
#[derive(Clone, Copy)]
pub(crate) struct Number(usize);

impl Tape {
    fn push(&self, value: f64, inputs: Vec<(usize, f64)>) -> Number {
        let mut nodes = self.0.borrow_mut();
        nodes.push(Node { value, inputs });
        Number(nodes.len() - 1)
    }

    pub(crate) fn value(&self, number: Number) -> f64 {
        self.0.borrow()[number.0].value
    }

    pub(crate) fn leaf(&self, value: f64) -> Number {
        self.push(value, Vec::new())
    }

    pub(crate) fn leaves(&self, values: &[f64]) -> Vec<Number> {
        values.iter().map(|value| self.leaf(*value)).collect()
    }

    pub(crate) fn add(&self, a: Number, b: Number) -> Number {
        self.push(self.value(a) + self.value(b), vec![(a.0, 1.0), (b.0, 1.0)])
    }

    pub(crate) fn multiply(&self, a: Number, b: Number) -> Number {
        let (x, y) = (self.value(a), self.value(b));
        self.push(x * y, vec![(a.0, y), (b.0, x)])
    }

    /// A function of one number, from its value and its derivative.
    fn apply(
        &self,
        a: Number,
        value: impl Fn(f64) -> f64,
        derivative: impl Fn(f64) -> f64,
    ) -> Number {
        let x = self.value(a);
        self.push(value(x), vec![(a.0, derivative(x))])
    }

    pub(crate) fn exp(&self, a: Number) -> Number {
        self.apply(a, f64::exp, f64::exp)
    }

    pub(crate) fn ln(&self, a: Number) -> Number {
        self.apply(a, f64::ln, |x| 1.0 / x)
    }

    pub(crate) fn reciprocal(&self, a: Number) -> Number {
        self.apply(a, |x| 1.0 / x, |x| -1.0 / (x * x))
    }

    pub(crate) fn square_root(&self, a: Number) -> Number {
        self.apply(a, f64::sqrt, |x| 0.5 / x.sqrt())
    }

    pub(crate) fn relu(&self, a: Number) -> Number {
        self.apply(a, |x| x.max(0.0), |x| f64::from(u8::from(x > 0.0)))
    }

    pub(crate) fn scaled(&self, a: Number, factor: f64) -> Number {
        self.apply(a, |x| factor * x, |_| factor)
    }

    /// `1 / (1 + e^-a)`.
    pub(crate) fn sigmoid(&self, a: Number) -> Number {
        let e = self.exp(self.scaled(a, -1.0));
        self.reciprocal(self.add(self.leaf(1.0), e))
    }

    /// `2 sigmoid(2a) - 1`.
    pub(crate) fn tanh(&self, a: Number) -> Number {
        let s = self.sigmoid(self.scaled(a, 2.0));
        self.add(self.scaled(s, 2.0), self.leaf(-1.0))
    }

    pub(crate) fn sum(&self, numbers: impl IntoIterator<Item = Number>) -> Number {
        numbers
            .into_iter()
            .fold(self.leaf(0.0), |sum, number| self.add(sum, number))
    }

    pub(crate) fn mean(&self, numbers: &[Number]) -> Number {
        let sum = self.sum(numbers.iter().copied());
        self.scaled(sum, 1.0 / numbers.len() as f64)
    }

    /// The largest, the first of equal ones.
    pub(crate) fn largest(&self, numbers: &[Number]) -> Number {
        let larger = |a: Number, b: &Number| {
            if self.value(*b) > self.value(a) {
                *b
            } else {
                a
            }
        };
        numbers[1..].iter().fold(numbers[0], larger)
    }

    /// `-ln softmax(outputs)[label]`.
    pub(crate) fn cross_entropy(&self, outputs: &[Number], label: usize) -> Number {
        let sum = self.sum(outputs.iter().map(|output| self.exp(*output)));
        self.add(self.ln(sum), self.scaled(outputs[label], -1.0))
    }

    /// Derivatives of a number by every number on the tape.
    pub(crate) fn derivatives(&self, of: Number) -> impl Fn(Number) -> f64 {
        let nodes = self.0.borrow();
        let mut derivatives = vec![0.0; nodes.len()];
        derivatives[of.0] = 1.0;
        for (index, node) in nodes.iter().enumerate().rev() {
            for (input, derivative) in &node.inputs {
                derivatives[*input] += derivatives[index] * derivative;
            }
        }
        move |number| derivatives[number.0]
    }
}
