//! Memory in large pages: the system's allocator, which asks the kernel for large pages for large blocks.
//!
//! A solver reads a design over and over, and with pages of 4 KiB waits for the addresses of pages, and at the
//! beginning of each for the memory itself: fits take up to a sixth longer, and where the memory is shared with
//! others up to twice as long.
//! Many kernels hand out large pages only to who asks for them (`madvise` in
//! `/sys/kernel/mm/transparent_hugepage/enabled`).

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Length in bytes of blocks that are large: some large pages lie inside wherever they begin. Buffers in which
/// matrices are packed for their products have 4 MiB, of which most is never touched and takes no memory.
const LARGE: usize = 6 << 20;

/// Length in bytes from which blocks have pages of their own, see [`give_back`].
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const APART: i32 = 1 << 20;
/// Bytes that may be free behind all other blocks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LEFT: i32 = 32 << 20;

/// The allocator, for `#[global_allocator]` of a program that fits large designs; the `fenchel` command has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct LargePages;

// SAFETY: all blocks are those of `System`, with the layouts that it was called with; advice changes no contents.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the same conditions.
        let block = unsafe { System.alloc(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { System.alloc_zeroed(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { System.realloc(block, layout, size) };
        advise(block, size);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Has vectors as long as a wide design's rows returned to the system when they are freed: to be called once, at the start
/// of a program. GNU's allocator would take a large block that was freed, such as that of a file, for a sign that all
/// blocks up to its length are to share pages, and what is freed between others stays the program's (a hard sparse
/// logistic fit takes 2 % less memory).
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: both are parameters of the allocator that any thread may set at any time, to any length.
    unsafe {
        nix::libc::mallopt(nix::libc::M_MMAP_THRESHOLD, APART);
        nix::libc::mallopt(nix::libc::M_TRIM_THRESHOLD, LEFT);
    }
}

/// Asks for large pages where `block` is a large one. That the kernel has none to give is no fault.
#[cfg(target_os = "linux")]
fn advise(block: *mut u8, size: usize) {
    use std::ptr::NonNull;

    use nix::sys::mman::{MmapAdvise, madvise};

    let Some((before, length)) = pages(block.addr(), size) else { return };
    let Some(start) = NonNull::new(block.wrapping_sub(before).cast()) else { return };
    // SAFETY: the pages are this process's own, and this advice changes no contents.
    let _ = unsafe { madvise(start, length, MmapAdvise::MADV_HUGEPAGE) };
}

/// How far before a large block the page begins in which it begins, and the length from there to its end; `None` for
/// others.
#[cfg(target_os = "linux")]
fn pages(address: usize, size: usize) -> Option<(usize, usize)> {
    /// The kernel takes whole pages, of this length on most machines.
    const PAGE: usize = 4096;

    let before = address % PAGE;
    (size >= LARGE).then_some((before, before + size))
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_what_was_written_as_they_grow() {
        for (small, large) in [(100, 3000), (LARGE - 8, LARGE + 4096), (LARGE, 5 * LARGE)] {
            let layout = Layout::array::<u8>(small).unwrap();
            // SAFETY: the layouts have lengths, and only bytes of the block are written and read.
            unsafe {
                let block = LargePages.alloc_zeroed(layout);
                assert!(!block.is_null());
                let bytes = std::slice::from_raw_parts_mut(block, small);
                assert!(bytes.iter().all(|byte| *byte == 0));
                bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i % 251) as u8);
                let block = LargePages.realloc(block, layout, large);
                assert!(!block.is_null());
                let bytes = std::slice::from_raw_parts(block, small);
                assert!(bytes.iter().enumerate().all(|(i, byte)| *byte == (i % 251) as u8));
                LargePages.dealloc(block, Layout::array::<u8>(large).unwrap());
            }
        }
    }

    /// The flags of the mapping around `address`, as the kernel lists them.
    #[cfg(target_os = "linux")]
    fn flags(address: usize) -> Vec<String> {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut here = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let number = |text: &str| usize::from_str_radix(text, 16).ok();
            if let Some((Some(start), Some(end))) =
                range.map(|(start, end)| (number(start), number(end)))
            {
                here = (start..end).contains(&address);
            } else if let Some(flags) = line.strip_prefix("VmFlags: ").filter(|_| here) {
                return flags.split_whitespace().map(str::to_owned).collect();
            }
        }
        panic!("{address:x} is not mapped");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_is_asked_for_large_pages_for_large_blocks() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            return eprintln!("skipped: this kernel has no large pages");
        }
        let layout = Layout::array::<u8>(8 * LARGE).unwrap();
        // SAFETY: the layout has a length.
        let block = unsafe { LargePages.alloc(layout) };
        let flags = flags(block.addr() + 4 * LARGE);
        // SAFETY: it was allocated with this layout.
        unsafe { LargePages.dealloc(block, layout) };
        assert!(flags.contains(&"hg".to_owned()), "{flags:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn others_are_left_alone_and_pages_are_whole_ones() {
        assert_eq!(pages(3 * 4096 + 16, LARGE - 1), None);
        assert_eq!(pages(3 * 4096 + 16, LARGE), Some((16, LARGE + 16)));
        assert_eq!(pages(7 * 4096, 2 * LARGE), Some((0, 2 * LARGE)));
    }
}
