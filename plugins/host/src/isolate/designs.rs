//! Which columns of which designs the child has. Columns are sent when they first enter a working
//! set, so an epoch moves little more than the residual.

use fenchel_core::design::Identity;
use fenchel_core::{Column, Design, Sweep};

use super::channel::Question;
use super::words::Sink;

/// The most bytes of columns that the child is asked to keep, over all designs: 1 GiB. One working
/// set has to fit all the same.
const MOST_BYTES: usize = 1 << 30;

/// What the child has.
#[derive(Debug)]
pub(super) struct Designs {
    held: Vec<Held>,
    /// Designs that the child may forget; told with the next epoch.
    forgotten: Vec<usize>,
    next: usize,
    epoch: u64,
    most_bytes: usize,
}

#[derive(Debug)]
struct Held {
    id: usize,
    identity: Identity,
    /// One more than the child's number for each feature's column; 0 where it has none.
    place: Vec<u32>,
    count: u32,
    bytes: usize,
    /// When it was last used.
    epoch: u64,
    setup: Setup,
    curvature: Vec<u64>,
}

/// What stays the same over the epochs on one working set.
#[derive(Debug, Default, PartialEq)]
struct Setup {
    working: Vec<usize>,
    columns: Vec<usize>,
    offsets: Vec<usize>,
    lipschitz: Vec<u64>,
    sums: Vec<u64>,
    total: Vec<u64>,
}

impl Default for Designs {
    fn default() -> Self {
        Self { held: Vec::new(), forgotten: Vec::new(), next: 0, epoch: 0, most_bytes: MOST_BYTES }
    }
}

fn bytes(column: Column<'_>) -> usize {
    match column {
        Column::Dense(x) => 8 * x.len(),
        Column::Sparse(_, x) => 12 * x.len(),
    }
}

fn bits(numbers: &[f64]) -> impl Iterator<Item = u64> + '_ {
    numbers.iter().map(|x| x.to_bits())
}

/// Whether `known` are the bits of `numbers`; if not, they are from now on.
fn update(known: &mut Vec<u64>, numbers: &[f64]) -> bool {
    if known.len() == numbers.len() && bits(numbers).eq(known.iter().copied()) {
        return true;
    }
    known.clear();
    known.extend(bits(numbers));
    false
}

fn update_sizes(known: &mut Vec<usize>, sizes: &[usize]) -> bool {
    if known == sizes {
        return true;
    }
    known.clear();
    known.extend_from_slice(sizes);
    false
}

impl Designs {
    /// Writes what the child needs to know of an epoch before it gets the point: `features` are
    /// those of its columns, in the order of the working set, block by block.
    pub fn write(&mut self, to: &mut Question<'_>, sweep: &Sweep<'_>, features: &[usize]) {
        self.epoch += 1;
        let at = self.find(sweep.design, features);
        to.sizes(&self.forgotten);
        self.forgotten.clear();
        let held = &mut self.held[at];
        held.epoch = self.epoch;
        let design = sweep.design;
        to.size(held.id);
        to.size(design.samples());
        to.size(sweep.beta.len());
        to.flag(matches!(
            features.first().map(|j| design.stored_column(*j)),
            Some(Column::Sparse(..))
        ));
        held.write_new(to, design, features);
        held.write_setup(to, sweep, features);
        match sweep.curvature {
            None => to.word(0),
            Some(curvature) if update(&mut held.curvature, curvature) => to.word(1),
            Some(curvature) => {
                to.word(2);
                to.numbers(curvature);
            }
        }
        to.number(sweep.uniform);
        to.flag(sweep.intercept);
    }

    /// Where the design stands in `held`, with room for the columns that it has not yet.
    fn find(&mut self, design: &Design, features: &[usize]) -> usize {
        let mut at = self.held.iter().position(|held| held.identity.is(design));
        if at.is_none() {
            self.forget(|held| held.identity.is_gone());
        }
        let new: usize = {
            let known = at.map(|at| &self.held[at].place);
            let absent = |j: &&usize| known.is_none_or(|place| place[**j] == 0);
            features.iter().filter(absent).map(|j| bytes(design.stored_column(*j))).sum()
        };
        if self.total() + new > self.most_bytes {
            self.forget(|held| !held.identity.is(design));
            at = self.held.iter().position(|held| held.identity.is(design));
            if self.total() + new > self.most_bytes {
                // Begins anew with this working set alone.
                self.forget(|_| true);
                at = None;
            }
        }
        at.unwrap_or_else(|| {
            self.held.push(Held {
                id: self.next,
                identity: design.identity(),
                place: vec![0; design.features()],
                count: 0,
                bytes: 0,
                epoch: 0,
                setup: Setup::default(),
                curvature: Vec::new(),
            });
            self.next += 1;
            self.held.len() - 1
        })
    }

    fn total(&self) -> usize {
        self.held.iter().map(|held| held.bytes).sum()
    }

    fn forget(&mut self, which: impl Fn(&Held) -> bool) {
        let forgotten = &mut self.forgotten;
        self.held.retain(|held| {
            let forget = which(held);
            if forget {
                forgotten.push(held.id);
            }
            !forget
        });
    }
}

impl Held {
    fn write_new(&mut self, to: &mut Question<'_>, design: &Design, features: &[usize]) {
        let mut new = Vec::new();
        for &j in features {
            if self.place[j] == 0 {
                self.count += 1;
                self.place[j] = self.count;
                new.push(j);
            }
        }
        to.size(new.len());
        for j in new {
            to.number(design.centre(j));
            to.number(design.scale(j));
            let column = design.stored_column(j);
            self.bytes += bytes(column);
            match column {
                Column::Dense(x) => to.numbers(x),
                Column::Sparse(i, x) => {
                    to.small(&i.iter().map(|i| i as u32).collect::<Vec<_>>());
                    to.numbers(x);
                }
            }
        }
    }

    fn write_setup(&mut self, to: &mut Question<'_>, sweep: &Sweep<'_>, features: &[usize]) {
        let columns: Vec<usize> = features.iter().map(|&j| self.place[j] as usize - 1).collect();
        let setup = &mut self.setup;
        let same = [
            update_sizes(&mut setup.working, sweep.working),
            update_sizes(&mut setup.columns, &columns),
            update_sizes(&mut setup.offsets, sweep.offsets),
            update(&mut setup.lipschitz, sweep.lipschitz),
            update(&mut setup.sums, sweep.stored_sums),
            update(&mut setup.total, sweep.total),
        ];
        let changed = same.contains(&false);
        to.flag(changed);
        if changed {
            to.sizes(sweep.working);
            to.sizes(&columns);
            to.sizes(sweep.offsets);
            to.numbers(sweep.lipschitz);
            to.numbers(sweep.stored_sums);
            to.numbers(sweep.total);
        }
    }
}
