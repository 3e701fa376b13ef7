//! The system's allocator, which looks into each block before it gives the block back.
//!
//! Later allocations overwrite what a freed block holds, so a search of the memory finds only some copies. This
//! finds each, and says who freed it. Growing and shrinking always move a block, as they may.

#![allow(unsafe_code)] // `GlobalAlloc` is an unsafe trait

use std::{
    alloc::{GlobalAlloc, Layout, System},
    backtrace::Backtrace,
    cell::Cell,
    slice,
    sync::{Mutex, OnceLock},
};

struct Watching;

#[global_allocator]
static WATCHING: Watching = Watching;

static IS_SECRET: OnceLock<fn(&[u8]) -> bool> = OnceLock::new();
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: each method passes its arguments on to the system's allocator. `realloc` is the trait's own.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // So that no byte of a block is uninitialised, or is left from an earlier block.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Texts stand in blocks of bytes.
        if layout.align() == 1 {
            look(unsafe { slice::from_raw_parts(pointer, layout.size()) });
        }
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// From now on, records who frees a block for which `is_secret` is true.
pub(crate) fn watch(is_secret: fn(&[u8]) -> bool) {
    IS_SECRET.get_or_init(|| is_secret);
}

/// Where such blocks were freed since the last call.
pub(crate) fn freed_secrets() -> Vec<String> {
    std::mem::take(&mut *FOUND.lock().unwrap())
}

fn look(block: &[u8]) {
    let Some(is_secret) = IS_SECRET.get() else { return };
    // A thread that is ending has dropped its flag; it frees nothing of the test.
    if !is_secret(block) || IS_LOOKING.try_with(|is_looking| is_looking.replace(true)) != Ok(false) {
        return;
    }
    let place = format!("{} bytes, freed by\n{}", block.len(), Backtrace::force_capture());
    FOUND.lock().unwrap().push(place);
    IS_LOOKING.set(false);
}
