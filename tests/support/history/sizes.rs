//! Sizes of files: many are small, few are large. Pure.

use crate::world::Noise;

/// The least and the most bytes of any file.
const LEAST: u64 = 10;
const MOST: u64 = 30_000_000;
/// The most files that a history has of sizes from [`any`], about; and what part of the largest their mean is, about.
const FILES: u64 = 1000;
const MEAN: u64 = 8;

/// A size in these bounds. The higher the power, the fewer are large.
pub(super) fn skewed(noise: &mut Noise, least: usize, most: usize, power: i32) -> usize {
    const STEPS: u64 = 1 << 20;
    let share = (noise.below(STEPS) as f64 / STEPS as f64).powi(power);
    least + ((most - least) as f64 * share) as usize
}

/// How large the largest of files with so many bytes in all may be: up to 30 MB, and not so little that they are too many.
pub(super) fn largest(bytes: u64, noise: &mut Noise) -> u64 {
    let least = (bytes * MEAN / FILES).max(LEAST);
    octave(least, bytes.min(MOST).max(least), noise)
}

/// A size from 10 bytes up to `most`.
pub(super) fn any(most: u64, noise: &mut Noise) -> u64 {
    octave(LEAST, most, noise)
}

/// A size in these bounds, in each octave as likely as in another.
fn octave(least: u64, most: u64, noise: &mut Noise) -> u64 {
    let octaves = u64::from((most / least).max(1).ilog2());
    let octave = least << noise.below(octaves + 1);
    (octave + noise.below(octave)).min(most)
}

#[cfg(test)]
mod tests {
    use super::{any, largest, skewed};
    use crate::world::Noise;

    #[test]
    fn most_skewed_sizes_are_small_and_all_are_in_bounds() {
        let mut noise = Noise::new(1);
        let sizes: Vec<usize> = (0..3000).map(|_| skewed(&mut noise, 50, 400, 2)).collect();
        assert!(sizes.iter().all(|size| (50..400).contains(size)));
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((150..185).contains(&mean), "{mean}");
        assert!(sizes.iter().any(|size| *size > 390));
    }

    #[test]
    fn all_octaves_are_there_and_files_are_not_too_many() {
        let mut noise = Noise::new(2);
        let sizes: Vec<u64> = (0..3000).map(|_| any(30_000_000, &mut noise)).collect();
        assert!(sizes.iter().all(|size| (10..=30_000_000).contains(size)));
        assert!(sizes.iter().any(|size| *size < 20) && sizes.iter().any(|size| *size > 20_000_000));
        assert!(sizes.iter().filter(|size| **size > 1_000_000).count() < 1000);
        for bytes in [0, 9, 600_000, 6_000_000, 90_000_000] {
            let largest = (0..100).map(|_| largest(bytes, &mut noise));
            assert!(
                largest.into_iter().all(|most| most >= (bytes / 125).max(10) && most <= bytes.clamp(10, 30_000_000))
            );
        }
    }
}
