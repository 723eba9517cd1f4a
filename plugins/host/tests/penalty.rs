//! Good penalties of plugins behave like built-in ones.

mod support;

use fenchel_core::Space;
use fenchel_laws::penalty::assert_laws;
use support::load;

#[test]
fn a_separable_penalty_with_a_dual_norm_obeys_the_laws() {
    for defines in [&[][..], &["BATCHED_ONLY"]] {
        let l1 = load("l1", defines).unwrap();
        for (parameters, p, outputs) in
            [(r#"{"lambda": 0.7}"#, 5, 1), ("{}", 3, 2), (r#"{"lambda": 0}"#, 3, 1)]
        {
            let space = Space::numbered(p, outputs);
            assert_laws(&*l1.penalty(parameters, &space).unwrap(), &space);
        }
        l1.assert_no_fault();
    }
}
