//! Loss plus penalty problems, composed at run time.
