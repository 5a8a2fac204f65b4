//! Bytes that look random and are the same in every run.
//!
//! For contents that do not compress; nothing secret or unpredictable.

/// A xorshift generator (Marsaglia 2003, the 64-bit triple 13, 7, 17).
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// A generator; equal seeds give equal bytes.
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that xorshift never leaves.
        let mut noise = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        noise.next();
        noise
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A place in something of this length, which is not zero.
    ///
    /// # Panics
    ///
    /// When the length is zero.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is below a size")
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.index(several.len())]
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Noise;

    #[test]
    fn equal_seeds_give_equal_bytes_and_others_do_not() {
        assert_eq!(Noise::new(7).bytes(100), Noise::new(7).bytes(100));
        assert_ne!(Noise::new(7).bytes(100), Noise::new(8).bytes(100));
        assert_eq!(Noise::new(0).bytes(13).len(), 13);
    }
}
