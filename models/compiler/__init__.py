# SPDX-License-Identifier: Apache-2.0
"""Compiler: a checkpoint -> one memory image per chiplet."""

from __future__ import annotations

from models import image
from models.checkpoint import Weights
from models.compiler.lists import Lists
from models.compiler.plan import CompileError, Plan, make_plan
from models.compiler.weights import addresses, all_tensors, embedding, load_lists, tables
from models.config import Config
from models.image import Image, Kind, to_beats

__all__ = ["CompileError", "Plan", "compile_model", "make_plan"]


def compile_model(weights: Weights, config: Config, positions: int | None = None,
                  firmware: bytes = b"", batch: int = 1, stream: bool = False) -> list[Image]:
    """Images of all chiplets.

    positions: tokens that a sequence may have at least; by default as many as fit, at most
    plan.POSITIONS. batch: sequences that can be decoded together, each with so many positions.
    stream: keep the weights of two layers in the macros at a time, and bring the others from memory
    while these are used (needs sets for two layers only; batches or prompts must be long, or it is
    the memory that limits).
    To compile the first layers only, pass `weights.first_layers(n)`.
    Raises CompileError where the model does not fit, saying what would.
    """
    plan = make_plan(weights.config, config, positions, batch, stream)
    return compile_plan(plan, weights, firmware)


def compile_plan(plan: Plan, weights: Weights, firmware: bytes = b"") -> list[Image]:
    """Images of a plan."""
    config, block = plan.config, plan.block
    positions, gains, biases = tables(plan, weights)
    rows = embedding(plan, weights)
    layout = plan.layout
    sizes = {Kind.TABLES: len(positions) + len(gains) + plan.bias_beats,
             Kind.EMBEDDING: len(rows), Kind.WEIGHTS: 0}
    first = image.layout(block, sizes)
    at = first[Kind.TABLES]
    placed = all_tensors(plan, weights)
    loads, held, sums = load_lists(plan, placed, gains, at + len(positions), first[Kind.WEIGHTS])
    lists = Lists(plan, at, addresses(plan, placed, first[Kind.WEIGHTS]))
    try:
        steps = {kind: lists.step(chunks) for kind, chunks in image.step_lists(layout.chunks)}
        steps |= {kind: lists.batch(size) for size, kind in image.BATCH_LISTS.items()
                  if size <= plan.batch}
        heads = lists.head()
    except ValueError as error:
        raise CompileError(f"the command set cannot express this model: {error}") from error

    def at_beat(name: str) -> int:
        return plan.buffers[name].beat if name in plan.buffers else 0

    out = []
    for c in range(plan.n):
        header = {
            "block": block, "n_chiplets": plan.n, "chiplet": c, "n_macros": config.n_macros,
            "sets": config.sets, "stash_beats": config.stash_beats,
            "chunk_tokens": layout.chunk, "max_tokens": plan.max_tokens,
            "max_positions": plan.max_positions, "vocab": plan.model.vocab,
            "x_stash": plan.buffers["x"].beat,
            "embed_beats": plan.x_beats, "embed_mem": first[Kind.EMBEDDING],
            "batch": plan.batch, "slot_positions": plan.slot_positions,
            "slot_blocks": plan.token_blocks, "slot_k_sets": plan.token_blocks * plan.head_tiles,
            "scratch_stash": layout.scratch.first, "scratch_beats": layout.scratch.count,
            "load_signature": sums[c], "argmax_stash": at_beat("slots"),
            "argmax_mask": sum(1 << i for i, v in enumerate(plan.vocab) if v.count),
            "logits_stash": at_beat("logits"), "logits_first": plan.vocab[c].first,
            "logits_count": plan.vocab[c].count,
            "logits_scalar": (image.NO_SCALAR if plan.family.layer_norm
                              else layout.scalars["attention_r"]),
            "embedding_stash": at_beat("embedding"),
            "embedding_words": 0 if plan.head else plan.model.dim,
            "layers": plan.model.n_layers, "watchdog": image.WATCHDOG,
        }
        sections = {
            Kind.TABLES: image.join([positions, gains, biases[c]], block),
            Kind.EMBEDDING: rows, Kind.WEIGHTS: held[c],
            Kind.LOAD_LIST: to_beats(loads[c], block), Kind.HEAD_LIST: to_beats(heads[c], block),
            **{kind: to_beats(made[c], block) for kind, made in steps.items()},
            Kind.FIRMWARE: to_beats(firmware, block),
        }
        out.append(image.build(header, sections, signatures={Kind.WEIGHTS: sums[c]}))
    return out
