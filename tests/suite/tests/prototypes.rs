//! Small complete implementations of kinds of loss, penalty and objective that the shape of core's
//! traits has to carry. Each is checked by the laws where they apply, and by its own mathematics.

#[path = "prototypes/tools.rs"]
mod tools;

#[path = "prototypes/cox.rs"]
mod cox;
#[path = "prototypes/multinomial.rs"]
mod multinomial;
#[path = "prototypes/quantile.rs"]
mod quantile;

#[path = "prototypes/chain.rs"]
mod chain;
#[path = "prototypes/nuclear.rs"]
mod nuclear;
#[path = "prototypes/ordered.rs"]
mod ordered;
#[path = "prototypes/shapes.rs"]
mod shapes;

#[path = "prototypes/noise_scale.rs"]
mod noise_scale;
#[path = "prototypes/ordinal.rs"]
mod ordinal;
#[path = "prototypes/random_intercept.rs"]
mod random_intercept;

#[path = "prototypes/dag.rs"]
mod dag;
#[path = "prototypes/factors.rs"]
mod factors;

#[path = "prototypes/foreign.rs"]
mod foreign;
