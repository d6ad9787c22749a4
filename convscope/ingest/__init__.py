"""From files to a `TrajectoryLog`: the HDF5 wall, the choice of a loader, mapping and priors files, the writer."""
