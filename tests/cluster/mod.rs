//! Tests on a real cluster, and of the tools and definitions that it is made of.

mod adoption;
mod agent;
mod apply;
mod autoscale;
mod definitions;
mod faults;
mod installation;
mod notifications;
mod pyrra;
mod recordings;
mod rollouts;
mod stack;
mod startup;
mod strict;
mod tools;
