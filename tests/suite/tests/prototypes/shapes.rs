//! One problem and one solver under five shapes of prox: separable, in blocks, ordered, along a
//! chain, joint. The solver cannot tell them apart.

use fenchel_core::{
    Bound, Certifier, Groups, LinearModel, Loss, Objective, Penalty, Problem, Response, Samples,
};
use fenchel_laws::Random;
use fenchel_loss_location::Quadratic;
use fenchel_penalty_group::GroupLasso;

use crate::chain::{Fused, Presto};
use crate::nuclear::Nuclear;
use crate::ordered::Ordered;
use crate::tools::{L1, normal_design, proximal_gradient, total};

const N: usize = 25;
const P: usize = 4;
const K: usize = 3;

fn model() -> LinearModel {
    let design = normal_design(N, P, 31);
    let values = Random::new(32).normals(N * K, 1.0);
    let samples = Samples::new(Response::Numeric { values, columns: K }, None).unwrap();
    let Bound::Eta(fit) = Quadratic::new().bind(&samples, &design).unwrap() else { panic!("eta") };
    LinearModel::new(design, fit, None, true).unwrap()
}

fn penalties() -> Vec<(&'static str, Box<dyn Penalty>)> {
    let ordered = (0..P * K).rev().map(|j| 0.02 * j as f64).collect();
    vec![
        ("separable", Box::new(L1(0.1))),
        ("blocks", Box::new(GroupLasso::new(0.1, Groups::singletons(P), K, None).unwrap())),
        ("ordered", Box::new(Ordered(ordered))),
        ("chain of features", Box::new(Fused { lambda: 0.1, features: P, outputs: K })),
        ("chain of outputs", Box::new(Presto { lambda: 0.1, features: P })),
        ("joint", Box::new(Nuclear { lambda: 0.1, features: P, outputs: K })),
    ]
}

#[test]
fn every_shape_of_prox_meets_the_same_solver() {
    let model = model();
    for (name, penalty) in penalties() {
        let problem =
            Problem { objective: &model, penalty: &*penalty, baseline: Default::default() };
        let best = proximal_gradient(&problem, model.start(), 2000);
        let least = total(&problem, &best);
        let residual = Certifier::default().prox_residual(&problem, &best).unwrap();
        assert!(residual.value < 1e-7, "{name}: {residual:?}");
        // Nothing around is lower, and the penalty has done something.
        let mut random = Random::new(33);
        for size in [1e-4, 1e-2, 0.3] {
            for _ in 0..200 {
                let near: Vec<f64> = best.iter().map(|b| b + size * random.normal()).collect();
                assert!(total(&problem, &near) >= least - 1e-12, "{name}");
            }
        }
        assert!(least < total(&problem, &model.start()), "{name}");
    }
}
