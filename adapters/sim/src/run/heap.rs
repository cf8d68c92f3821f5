//! A heap of instants with one place for each key, so that a timer which is moved or dropped leaves nothing behind.

/// The position of a key that is not in the heap.
const NOWHERE: u32 = u32::MAX;

/// The instants of keys, earliest first; among equal ones the one that was set first.
#[derive(Debug, Default)]
pub(super) struct Heap {
    entries: Vec<Entry>,
    positions: Vec<u32>,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    nanos: u64,
    order: u64,
    key: u32,
}

impl Entry {
    const fn is_before(&self, other: &Self) -> bool {
        self.nanos < other.nanos || (self.nanos == other.nanos && self.order < other.order)
    }
}

impl Heap {
    /// Returns the earliest instant, or the largest number if there is none.
    pub(super) fn due(&self) -> u64 {
        self.entries.first().map_or(u64::MAX, |entry| entry.nanos)
    }

    /// Sets the instant of a key.
    pub(super) fn set(&mut self, key: u32, nanos: u64) {
        self.count += 1;
        let entry = Entry { nanos, order: self.count, key };
        if self.positions.len() <= key as usize {
            self.positions.resize(key as usize + 1, NOWHERE);
        }
        let position = self.positions[key as usize];
        if position == NOWHERE {
            self.entries.push(entry);
            self.rise(self.entries.len() - 1);
        } else {
            self.entries[position as usize] = entry;
            self.settle(position as usize);
        }
    }

    /// Takes a key out, if it is there.
    pub(super) fn remove(&mut self, key: u32) {
        let Some(position) = self.positions.get_mut(key as usize) else { return };
        let position = std::mem::replace(position, NOWHERE);
        if position != NOWHERE {
            self.take(position as usize);
        }
    }

    /// Takes the earliest key out.
    pub(super) fn pop(&mut self) -> Option<u32> {
        let key = self.entries.first()?.key;
        self.positions[key as usize] = NOWHERE;
        self.take(0);
        Some(key)
    }

    fn take(&mut self, position: usize) {
        self.entries.swap_remove(position);
        if position < self.entries.len() {
            self.settle(position);
        }
    }

    fn settle(&mut self, position: usize) {
        let position = self.rise(position);
        self.sink(position);
    }

    fn rise(&mut self, mut position: usize) -> usize {
        let entry = self.entries[position];
        while position > 0 {
            let above = (position - 1) / 2;
            if !entry.is_before(&self.entries[above]) {
                break;
            }
            self.place(position, self.entries[above]);
            position = above;
        }
        self.place(position, entry);
        position
    }

    fn sink(&mut self, mut position: usize) {
        let entry = self.entries[position];
        loop {
            let mut below = 2 * position + 1;
            if below >= self.entries.len() {
                break;
            }
            if below + 1 < self.entries.len() && self.entries[below + 1].is_before(&self.entries[below]) {
                below += 1;
            }
            if !self.entries[below].is_before(&entry) {
                break;
            }
            self.place(position, self.entries[below]);
            position = below;
        }
        self.place(position, entry);
    }

    fn place(&mut self, position: usize, entry: Entry) {
        self.entries[position] = entry;
        self.positions[entry.key as usize] = position as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;

    #[test]
    fn keys_come_out_in_the_order_of_their_latest_instants() {
        let (mut heap, mut draw) = (Heap::default(), Draw::new(7));
        let mut expected = vec![None; 100];
        for step in 0..5000_u64 {
            let key = draw.below(100) as u32;
            if draw.chance(0.2) {
                heap.remove(key);
                expected[key as usize] = None;
            } else {
                let nanos = draw.below(50);
                heap.set(key, nanos);
                expected[key as usize] = Some((nanos, step, key));
            }
        }
        let mut sorted: Vec<_> = expected.into_iter().flatten().collect();
        sorted.sort_unstable();
        assert_eq!(heap.due(), sorted[0].0);
        let keys: Vec<u32> = std::iter::from_fn(|| heap.pop()).collect();
        assert_eq!(keys, sorted.iter().map(|(_, _, key)| *key).collect::<Vec<_>>());
        assert_eq!(heap.due(), u64::MAX);
    }
}
