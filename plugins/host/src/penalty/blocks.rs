//! A penalty on blocks of coefficients.

use std::sync::Arc;

use fenchel_core::{Blocks, Error, Groups, Prox, Space, Subdifferential, worst};
use fenchel_plugin_abi as abi;

use crate::calls;
use crate::object::Object;
use crate::output::{Allowed, Buffer};
use crate::plugin::Entries;

/// Coefficients in one call, unless a single block has more.
const BATCH: usize = 1024;

#[derive(Debug)]
pub(super) struct ForeignBlocks {
    object: Arc<Object>,
    table: abi::Blocks,
    groups: Groups,
    outputs: usize,
}

impl ForeignBlocks {
    /// Errors: groups that are no partition of the features.
    pub(super) fn new(
        object: Arc<Object>,
        table: abi::Blocks,
        space: &Space,
    ) -> Result<Self, Error> {
        let groups = groups(&object, &table, space)?;
        Ok(Self { object, table, groups, outputs: space.outputs() })
    }

    fn size(&self, g: usize) -> usize {
        self.groups.members(g).len() * self.outputs
    }

    /// Writes the values of blocks from `first` on, whose coefficients are `b`.
    fn values(&self, first: usize, b: &[f64], out: &mut [f64]) {
        let values = self.table.values.expect("checked when it was asked for");
        let (object, count) = (&self.object, out.len());
        let kind = (Entries("block", first), Allowed::Value);
        object.plugin.fill(&calls::VALUES, kind, &[b], out, |out, error| {
            // SAFETY: a function of the object; `b` holds `count` blocks.
            #[allow(unsafe_code)]
            unsafe {
                values(object.get(), first, count, b.as_ptr(), out, error)
            }
        });
    }

    /// Writes the proxes of blocks from `first` on.
    fn proxes(&self, first: usize, v: &[f64], steps: &[f64], out: &mut [f64]) {
        let proxes = self.table.proxes.expect("checked when it was asked for");
        let object = &self.object;
        let kind = (Entries("entry", 0), Allowed::Finite);
        object.plugin.fill(&calls::PROXES, kind, &[v, steps], out, |out, error| {
            // SAFETY: a function of the object; `v` and `out` hold as many blocks as `steps`.
            #[allow(unsafe_code)]
            unsafe {
                let steps = (steps.len(), steps.as_ptr());
                proxes(object.get(), first, steps.0, v.as_ptr(), steps.1, out, error)
            }
        });
    }

    /// Writes the distances of blocks from `first` on.
    fn distances(&self, first: usize, b: &[f64], grad: &[f64], out: &mut [f64]) {
        let dists = self.table.subdiff_dists.expect("checked when it was asked for");
        let (object, count) = (&self.object, out.len());
        let kind = (Entries("block", first), Allowed::Distance);
        object.plugin.fill(&calls::SUBDIFF_DISTS, kind, &[b, grad], out, |out, error| {
            // SAFETY: a function of the object; `b` and `grad` hold `count` blocks.
            #[allow(unsafe_code)]
            unsafe {
                dists(object.get(), first, count, b.as_ptr(), grad.as_ptr(), out, error)
            }
        });
    }

    /// Splits the blocks into batches: calls `visit(first, count, size)`, where `size` is the number
    /// of their coefficients.
    fn batches(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let mut first = 0;
        while first < self.groups.len() {
            let (mut count, mut size) = (1, self.size(first));
            while first + count < self.groups.len() && size + self.size(first + count) <= BATCH {
                size += self.size(first + count);
                count += 1;
            }
            visit(first, count, size);
            first += count;
        }
    }

    /// Copies blocks of `beta`, one after the other, into `into`.
    fn gather(&self, first: usize, count: usize, beta: &[f64], into: &mut Vec<f64>) {
        into.clear();
        for g in first..first + count {
            let start = into.len();
            into.resize(start + self.size(g), 0.0);
            self.groups.gather(g, beta, &mut into[start..]);
        }
    }
}

/// Asks for the groups. Errors: what is no partition of the features.
fn groups(object: &Object, table: &abi::Blocks, space: &Space) -> Result<Groups, Error> {
    let plugin = &object.plugin;
    let p = space.features();
    let broken = |what: String| plugin.broken(&calls::GROUPS, what);
    let (mut starts, mut members, mut count) = (std::ptr::null(), std::ptr::null(), usize::MAX);
    let ask = table.groups.expect("checked when it was asked for");
    {
        let _turn = plugin.turn();
        plugin.demand(&calls::GROUPS, |error| {
            // SAFETY: a function of the object, with room for what it hands out.
            #[allow(unsafe_code)]
            unsafe {
                ask(object.get(), &mut starts, &mut members, &mut count, error)
            }
        })?;
    }
    if count > p || (count == 0) != (p == 0) {
        return Err(broken(format!("gave {count} groups of {p} features")));
    }
    if starts.is_null() || !starts.is_aligned() || members.is_null() || !members.is_aligned() {
        return Err(broken("gave no lists of starts and members".into()));
    }
    // SAFETY: not null and aligned; `count` groups have `count + 1` starts.
    #[allow(unsafe_code)]
    let starts: &[usize] = unsafe { std::slice::from_raw_parts(starts, count + 1) };
    if starts[0] != 0 || starts[count] != p {
        let (first, last) = (starts[0], starts[count]);
        return Err(broken(format!(
            "gave groups from {first} to {last}, expected from 0 to {p}, the number of features"
        )));
    }
    if let Some(g) = starts.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(broken(format!("gave group {g} no member")));
    }
    // SAFETY: not null and aligned; the last start is the number of members.
    #[allow(unsafe_code)]
    let members: &[usize] = unsafe { std::slice::from_raw_parts(members, p) };
    let lists: Vec<Vec<usize>> =
        starts.windows(2).map(|pair| members[pair[0]..pair[1]].to_vec()).collect();
    if let Some(g) = lists.iter().position(|list| list.windows(2).any(|pair| pair[0] > pair[1])) {
        return Err(broken(format!("gave the members of group {g} in no ascending order")));
    }
    Groups::new(p, &lists, |j| space.names()[j].clone())
        .map_err(|error| broken(format!("gave no partition of the features: {error}")))
}

impl Blocks for ForeignBlocks {
    fn groups(&self) -> &Groups {
        &self.groups
    }

    fn value_block(&self, g: usize, b: &[f64]) -> f64 {
        assert_eq!(b.len(), self.size(g));
        let mut out = [0.0];
        self.values(g, b, &mut out);
        out[0]
    }

    /// A block is work enough that every call is looked at, in an epoch too.
    fn prox_block(&self, g: usize, v: &[f64], step: f64, out: &mut [f64]) {
        assert!(v.len() == self.size(g) && out.len() == v.len());
        self.proxes(g, v, &[step], out);
    }

    fn subdiff_dist_block(&self, g: usize, b: &[f64], grad: &[f64]) -> f64 {
        assert!(b.len() == self.size(g) && grad.len() == b.len());
        let mut out = [0.0];
        self.distances(g, b, grad, &mut out);
        out[0]
    }

    fn subdiff_dists_blocks(&self, beta: &[f64], grad: &[f64], out: &mut [f64]) {
        let (mut b, mut g) = (Buffer::new(), Buffer::new());
        self.batches(|first, count, _| {
            self.gather(first, count, beta, &mut b.0);
            self.gather(first, count, grad, &mut g.0);
            self.distances(first, &b.0, &g.0, &mut out[first..first + count]);
        });
    }
}

/// Prox and subdifferential of the whole, batch by batch.
pub(super) struct WholeBlocks(pub(super) Arc<ForeignBlocks>);

impl Prox for WholeBlocks {
    fn prox(&self, v: &[f64], step: f64, out: &mut [f64]) -> f64 {
        let blocks = &self.0;
        assert_eq!(v.len(), blocks.groups.features() * blocks.outputs);
        let (mut gathered, mut result) = (Buffer::new(), Buffer::new());
        let steps = [step; BATCH];
        let mut values = [0.0; BATCH];
        let mut total = 0.0;
        blocks.batches(|first, count, size| {
            blocks.gather(first, count, v, &mut gathered.0);
            result.0.resize(size, 0.0);
            blocks.proxes(first, &gathered.0, &steps[..count], &mut result.0);
            let values = &mut values[..count];
            blocks.values(first, &result.0, values);
            values.iter().for_each(|value| total += value);
            let mut rest = &result.0[..];
            for g in first..first + count {
                let (block, others) = rest.split_at(blocks.size(g));
                blocks.groups.scatter(g, block, out);
                rest = others;
            }
        });
        total
    }
}

impl Subdifferential for WholeBlocks {
    fn subdiff_dist(&self, beta: &[f64], grad: &[f64]) -> f64 {
        let blocks = &self.0;
        assert_eq!(beta.len(), blocks.groups.features() * blocks.outputs);
        let mut dists = Buffer::new();
        dists.0.resize(blocks.groups.len(), 0.0);
        blocks.subdiff_dists_blocks(beta, grad, &mut dists.0);
        dists.0.iter().fold(0.0, |top, dist| worst(top, *dist))
    }
}
