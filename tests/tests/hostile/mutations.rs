//! Well-formed files, changed by dice: bits, lengths, ends, pieces moved about. The same seed gives the same files.
use minilab_tests::hostile::seeds;

use crate::{ordeal::Ordeal, table::Table};

/// Of each file, in the usual tests.
const USUAL: u32 = 14;
/// `SEED:COUNT` for other ones, or more.
const VARIABLE: &str = "MINILAB_MUTATIONS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_files_end_in_files_or_in_a_failure_of_their_own() {
    let (seed, count) = asked(USUAL);
    let ordeal = Ordeal::new().await;
    let mut table = Table::default();
    for whole in seeds() {
        for number in 0..count {
            let changed = change(&whole.bytes, seed, number);
            let end = ordeal.put(&changed).await;
            table.add(whole.extension, &format!("{} {seed}:{number}", whole.name), &end);
        }
    }
    let peak = ordeal.watch.peak_bytes();
    println!("{table}\nhighest memory of one renderer: {} MiB", peak >> 20);
    table.assert_nothing_wrong();
}

/// The seed, and how many changes of each file.
pub fn asked(usual: u32) -> (u64, u32) {
    let Ok(asked) = std::env::var(VARIABLE) else {
        return (1, usual);
    };
    let parsed = asked
        .split_once(':')
        .and_then(|(seed, count)| Some((seed.parse().ok()?, count.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("{VARIABLE}={asked:?} is not `SEED:COUNT`"))
}

/// A changed copy: which one is said by seed and number.
pub fn change(bytes: &[u8], seed: u64, number: u32) -> Vec<u8> {
    let mut dice =
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(number) << 32 | bytes.len() as u64));
    let mut changed = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        if changed.len() < 16 {
            break;
        }
        match dice.below(6) {
            0 => flip(&mut changed, &mut dice),
            1 => extreme(&mut changed, &mut dice),
            2 => length(&mut changed, &mut dice),
            3 => changed.truncate(1 + dice.below(changed.len() - 1)),
            4 => splice(&mut changed, &mut dice),
            _ => repeat(&mut changed, &mut dice),
        }
    }
    changed
}

/// Headers are where decoders believe most.
fn place(len: usize, dice: &mut Dice) -> usize {
    let zone = if dice.below(2) == 0 { len.min(600) } else { len };
    dice.below(zone)
}

fn flip(bytes: &mut [u8], dice: &mut Dice) {
    for _ in 0..=dice.below(8) {
        let at = place(bytes.len(), dice);
        bytes[at] ^= 1 << dice.below(8);
    }
}

fn extreme(bytes: &mut [u8], dice: &mut Dice) {
    let at = place(bytes.len(), dice);
    bytes[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)];
}

/// A number of two or four bytes where a length could be: beside four letters, or behind a JPEG's marker.
fn length(bytes: &mut [u8], dice: &mut Dice) {
    let is_name = |at: &usize| bytes[*at..*at + 4].iter().all(u8::is_ascii_alphanumeric);
    let is_marker = |at: &usize| bytes[*at] == 0xff && bytes[*at + 1] >= 0xc0;
    let mut places: Vec<(usize, usize)> = Vec::new();
    for at in 4..bytes.len().min(4_000) - 6 {
        if is_name(&at) {
            places.extend([(at - 4, 4), (at + 4, 4)]);
        }
        if is_marker(&at) {
            places.push((at + 2, 2));
        }
    }
    let fallback = (place(bytes.len() - 4, dice), 4);
    let (at, len) = if places.is_empty() {
        fallback
    } else {
        places[dice.below(places.len())]
    };
    let Some(field) = bytes.get_mut(at..at + len) else {
        return;
    };
    let value = [0, 1, 7, 0x7fff, 0xffff, 0x7fff_ffff, u32::MAX][dice.below(7)];
    field.copy_from_slice(&value.to_be_bytes()[4 - len..]);
}

fn splice(bytes: &mut [u8], dice: &mut Dice) {
    let (from, to) = (dice.below(bytes.len()), place(bytes.len(), dice));
    let len = dice.below(64).min(bytes.len() - from.max(to));
    bytes.copy_within(from..from + len, to);
}

fn repeat(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let from = place(bytes.len(), dice);
    let piece = bytes[from..(from + 1 + dice.below(200)).min(bytes.len())].to_vec();
    let more = piece.repeat(1 + dice.below(300));
    bytes.splice(from..from, more);
}

/// Numbers that look like chance (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % below.max(1) as u64) as usize
    }
}

#[test]
fn same_seed_gives_the_same_files() {
    let bytes = vec![7; 5_000];
    assert_eq!(change(&bytes, 1, 2), change(&bytes, 1, 2));
    let others: std::collections::BTreeSet<Vec<u8>> =
        (0..50).map(|number| change(&bytes, 1, number)).collect();
    assert!(others.len() > 40, "{}", others.len());
}
