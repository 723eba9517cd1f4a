//! The Parquet reader trusts its file in places, and panics where a damaged page or footer breaks
//! that trust. Here such a panic becomes a value, and says nothing on stderr.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// What `read` returns; `None` where it panics. What it captures must not be used after that.
pub(super) fn contain<T>(read: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let outer = take_hook();
        set_hook(Box::new(move |panic| {
            if !CONTAINED.get() {
                outer(panic);
            }
        }));
    });
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(read));
    CONTAINED.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_panic_becomes_none_and_a_value_is_passed_on() {
        assert_eq!(contain(|| [1, 2][1]), Some(2));
        assert_eq!(contain(|| Vec::<u8>::new().first().copied().unwrap()), None);
    }
}
