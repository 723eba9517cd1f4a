//! What every loss, penalty and prox obeys.
