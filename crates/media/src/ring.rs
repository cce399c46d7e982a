//! A first-in first-out ring with a fixed number of places, for values made on the 20 ms path.

/// A queue that never grows; [`Ring::push`] hands the value back when it is full.
#[derive(Debug)]
pub struct Ring<T, const N: usize> {
    places: [Option<T>; N],
    head: usize,
    len: usize,
}

impl<T, const N: usize> Default for Ring<T, N> {
    fn default() -> Self {
        Self { places: std::array::from_fn(|_| None), head: 0, len: 0 }
    }
}

impl<T, const N: usize> Ring<T, N> {
    /// Adds at the end.
    ///
    /// # Errors
    /// Gives the value back when all places are taken.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        if self.len == N {
            return Err(value);
        }
        self.places[(self.head + self.len) % N] = Some(value);
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest.
    pub fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let value = self.places[self.head].take();
        self.head = (self.head + 1) % N;
        self.len -= 1;
        value
    }

    /// How many values wait.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none waits.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_across_the_seam_and_refuses_when_full() {
        let mut ring: Ring<u32, 3> = Ring::default();
        for round in 0..5 {
            assert_eq!(ring.push(round), Ok(()));
            assert_eq!(ring.push(round + 10), Ok(()));
            assert_eq!(ring.push(round + 20), Ok(()));
            assert_eq!(ring.push(99), Err(99));
            assert_eq!([ring.pop(), ring.pop()], [Some(round), Some(round + 10)]);
            assert_eq!((ring.pop(), ring.pop()), (Some(round + 20), None));
        }
        assert!(ring.is_empty());
    }
}
