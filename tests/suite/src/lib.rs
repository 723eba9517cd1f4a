//! Problems with known optima, the command line, the rooms.
