//! Penalties made of penalties.
