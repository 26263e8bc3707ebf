//! Tests on a real cluster, and of the tools and definitions that it is made of.

mod apply;
mod definitions;
mod installation;
mod startup;
mod tools;
