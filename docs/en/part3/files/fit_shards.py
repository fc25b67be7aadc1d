"""Fit a linear model to files that lie on several machines.

torchrun --standalone --nproc-per-node 2 fit_shards.py shards/*.npy
"""

import argparse
import atexit
import os

import torch.distributed as dist

import linreg

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("shards", nargs="+", help=".npy, each row a sample, target last")
parser.add_argument("--local", action="store_true", help="each machine has its own")
parser.add_argument("--save", help="where rank 0 keeps the sums")
parser.add_argument("--timeout", type=float, default=1800.0, help="in seconds")
options = parser.parse_args()

dist.init_process_group("gloo")
atexit.register(dist.destroy_process_group)  # after an error too
rank, ranks = dist.get_rank(), dist.get_world_size()
shards = sorted(options.shards)
if options.local:
    mine = shards[int(os.environ["LOCAL_RANK"]) :: int(os.environ["LOCAL_WORLD_SIZE"])]
else:
    lists = [shards] * ranks
    dist.all_gather_object(lists, shards)
    if any(other != shards for other in lists):
        raise SystemExit("Name the same shards on every machine, or use --local.")
    mine = shards[rank::ranks]

# A rank without shards takes part too, and knows the number of features.
sums = linreg.Statistics(len(linreg.blocks(shards[0], target=-1).features))
if mine:
    sums = linreg.accumulate(linreg.blocks(mine, target=-1), start=sums)
print(f"rank {rank} of {ranks}: {sums.n} rows in {len(mine)} shards", flush=True)

total = linreg.merge_ranks(sums, timeout=options.timeout)
if rank == 0:
    fit = linreg.solve_statistics(total)
    print(f"{total.n} rows: {fit}\n{fit.message}", flush=True)
    if options.save:
        total.save(options.save)
