//! [`Effort`]: how many rounds a run takes.

/// A run for figures, or a quick one that shows that everything works.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub is_quick: bool,
}

impl Effort {
    pub fn rounds(self, rounds: usize) -> usize {
        if self.is_quick { 3 } else { rounds }
    }
}
