# SPDX-License-Identifier: Apache-2.0
"""Where everything of a model goes: shards of the matrices, KV cache; the stash is stash.py.

The plan knows sizes only, no weights, so trying whether a model fits a configuration is cheap.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from models import checkpoint
from models import config as configs
from models.compiler.shard import Range, column_unit, cut, up
from models.compiler.stash import StashError, choose
from models.config import Config

POSITIONS = 512
"""Positions provided for when the caller does not say how many."""

RESIDENT = 2
"""Layers whose weights are in the macros at a time, where weights are streamed."""

Addresses = dict[tuple[int, int, int, int], tuple[int, int]]
"""Memory beat and data beats of each tensor, by chiplet, layer, macro and first set."""

BATCHES = (1, 2, 4, 8)
"""Sequences that can be decoded together."""

PIECES = 3
"""Pieces of the hidden layer, at most. Each goes to all chiplets and macros, and while the next one
is multiplied its gate function is computed (docs/architecture.md, "Decisions")."""


class CompileError(ValueError):
    """A model that does not fit the configuration, or cannot be compiled; says what would help."""


@dataclasses.dataclass(frozen=True)
class Shard:
    """Part of a matrix in one macro: columns `column` to column + cols - 1 of the chiplet's share,
    in sets from `set`, tile by tile."""

    macro: int
    set: int
    column: int
    cols: int


@dataclasses.dataclass(frozen=True)
class Linear:
    """A matrix: per chiplet the rows of its weight that are its columns (-1: a column of zeros),
    and their shards. `depth` is the contraction length, `bias` the first beat of the row from which
    the product starts, in the table of biases."""

    name: str
    depth: int
    columns: list[np.ndarray]
    shards: list[list[Shard]]
    bias: int | None = None


@dataclasses.dataclass(frozen=True)
class Group:
    """The query heads of one chiplet that share a KV head, and where its cache is.

    first: first head, counted over all heads; local: the same within the chiplet. kv: KV head;
    kv_local: within the chiplet. ev: beat of the exponent vectors in the buffer `ev`.
    """

    first: int
    local: int
    heads: int
    kv: int
    kv_local: int
    macro: int
    k_set: int
    v_set: int
    ev: int


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer: matrices, the slices of x that wo and down produce, and the attention groups, per
    chiplet; of the hidden layer a matrix (gate and up, or up alone) and slices for each piece."""

    qkv: Linear
    wo: Linear
    up: list[Linear]
    down: Linear
    wo_slices: list[Range]
    hidden: list[list[Range]]
    down_slices: list[Range]
    groups: list[list[Group]]

    @property
    def linears(self) -> list[Linear]:
        return [self.qkv, self.wo, *self.up, self.down]


class Plan:
    """Placement of `model` on `config`; raises CompileError where it does not fit.

    Attributes: heads, kv_heads (Range per chiplet; those of a KV head stay on one chiplet where
    that gives none of them more heads), layers, head (output matrix of decoders), vocab
    (Range per chiplet), max_positions, max_tokens, layout (of the stash), buffers (the same by
    name), token_cycles (of a macro for a token in a layer, mean); position_beats of a row of the
    position table; capacity: rows of that table, max_positions, or in an encoder what the chunks of
    the longest list take; norm_rows per norm (gain, and beta of LayerNorm); bias_beats of all
    biases. batch: slots of the KV cache, each with token_blocks blocks or slot_positions positions;
    cache_blocks are those of all slots. stream: only two layers have their weights in the macros at
    a time, layers 0, 2, ... in the same sets, and 1, 3, ...; lists bring the others.
    """

    def __init__(self, model: checkpoint.Config, config: Config, positions: int | None = None,
                 batch: int = 1, stream: bool = False) -> None:
        if batch not in BATCHES:
            raise CompileError(f"a batch of {batch}: there are {', '.join(map(str, BATCHES))}")
        if batch > 1 and not model.family.causal:
            raise CompileError("an encoder takes one sequence at a time: no batch")
        self.model, self.config, self.batch = model, config, batch
        self.stream = stream and model.n_layers > RESIDENT
        self.block, self.lanes, self.n = config.block, config.lanes, config.n_chiplets
        m, b = model, self.block
        self.head_beats = up(m.head_dim, self.lanes)
        self.head_tiles = up(m.head_dim, b)
        self.head_pad = self.head_beats * self.lanes
        self.attention_width = m.n_heads * self.head_pad
        self.x_beats = up(m.dim, self.lanes)
        self.family = m.family
        self.position_beats = self.head_beats if m.family.rope else self.x_beats
        self.norm_rows = 2 if m.family.layer_norm else 1
        self.bias_beats = 0
        self.used = np.zeros((self.n, config.n_macros), np.int64)
        self.work = np.zeros_like(self.used)  # of these, in the layer that is being placed
        share = m.n_heads // m.n_kv_heads
        whole = up(m.n_kv_heads, self.n) * share <= up(m.n_heads, self.n)
        self.heads = cut(m.n_heads, share if whole else 1, [0] * self.n)
        self.kv_heads = [
            Range(r.first // share, up(r.end, share) - r.first // share) if r.count else Range(0, 0)
            for r in self.heads
        ]
        placed = RESIDENT if self.stream else m.n_layers
        drafts = [self._layer() for _ in range(placed)]
        self.token_cycles = 8 * self.used.sum() / self.used.size / placed
        if self.stream:
            if self.bias_beats:
                raise CompileError("a model with biases cannot stream its weights yet")
            drafts = [drafts[i % RESIDENT] for i in range(m.n_layers)]
        self.vocab, self.head = [Range(0, 0)] * self.n, None
        if m.family.causal:
            self.vocab = self._columns(m.vocab)
            self.head = self._linear("head", m.dim, self._plain(self.vocab), False)
        self._check_sets()
        self._place(drafts, positions)

    # Matrices

    def _loads(self) -> np.ndarray:
        """Of each macro, for `cut`: work in this layer, then in all of them."""
        return self.work + self.used / (1 << 20)

    def _load(self) -> list[float]:
        return self._loads().sum(axis=1).tolist()

    def _columns(self, total: int) -> list[Range]:
        return cut(total, column_unit(total, self.n, self.block), self._load())

    @staticmethod
    def _plain(slices: list[Range]) -> list[np.ndarray]:
        return [np.arange(s.first, s.end) for s in slices]

    def _padded(self, rows: np.ndarray, width: int) -> np.ndarray:
        return np.concatenate([rows, np.full(width - len(rows), -1)])

    def _linear(self, name: str, depth: int, columns: list[np.ndarray],
                biased: bool = True) -> Linear:
        """Shards of a matrix; takes the sets, and the place of its biases if it may have any."""
        bias = self.bias_beats if biased and self.family.layer_norm else None
        if bias is not None:
            self.bias_beats += max(up(len(c), self.lanes) for c in columns)
        blocks = up(depth, self.block)
        shards = []
        for c in range(self.n):
            tiles = up(len(columns[c]), self.block)
            mine = []
            for macro, r in enumerate(cut(tiles, 1, self._loads()[c].tolist())):
                if not r.count:
                    continue
                first = r.first * self.block
                cols = min(r.end * self.block, len(columns[c])) - first
                mine.append(Shard(macro, int(self.used[c, macro]), first, cols))
                self.used[c, macro] += r.count * blocks
                self.work[c, macro] += r.count * blocks
            shards.append(mine)
        return Linear(name, depth, columns, shards, bias)

    def _layer(self) -> dict:
        """Fields of a Layer without its groups, and `work`, sets of each macro. Chunks go through
        a layer at the pace of the macro with most work in it, so every layer is balanced by itself;
        the longest columns go first."""
        m = self.model
        self.work[:] = 0
        q, kv = m.n_heads * m.head_dim, m.n_kv_heads * m.head_dim

        def head_columns(base: int, heads: Range) -> list[np.ndarray]:
            return [self._padded(base + h * m.head_dim + np.arange(m.head_dim), self.head_pad)
                    for h in range(heads.first, heads.end)]

        columns = []
        for c in range(self.n):
            parts = head_columns(0, self.heads[c]) + head_columns(q, self.kv_heads[c])
            parts += head_columns(q + kv, self.kv_heads[c])
            columns.append(np.concatenate(parts) if parts else np.zeros(0, np.int64))
        layer = {"qkv": self._linear("qkv", m.dim, columns)}
        layer["down_slices"] = self._columns(m.dim)
        layer["down"] = self._linear("down", m.ffn_dim, self._plain(layer["down_slices"]))
        layer["wo_slices"] = self._columns(m.dim)
        layer["wo"] = self._linear("wo", self.attention_width, self._plain(layer["wo_slices"]))
        layer["hidden"], layer["up"] = [], []
        for piece in self._pieces():
            slices = [Range(piece.first + r.first, r.count)
                      for r in cut(piece.count, self.block, self._load())]
            layer["hidden"].append(slices)
            layer["up"].append(self._linear("up", m.dim, [self._up_columns(h) for h in slices]))
        layer["work"] = self.work.copy()
        self.work[:] = 0
        return layer

    def _up_columns(self, h: Range) -> np.ndarray:
        """Columns of a slice of the hidden layer; up stands behind gate."""
        rows = np.arange(h.first, h.end)
        if not self.family.gated:
            return rows
        gate = self._padded(rows, up(h.count, self.lanes) * self.lanes)
        return np.concatenate([gate, self.model.ffn_dim + rows])

    def up_beats(self, h: Range) -> int:
        """Beats of the products of a slice of the hidden layer."""
        return (2 if self.family.gated else 1) * up(h.count, self.lanes)

    def _pieces(self) -> list[Range]:
        """The hidden layer in as many pieces as leave every chiplet a block, every macro a tile,
        of each."""
        blocks = self.model.ffn_dim // self.block // self.n
        tiles = 2 if self.family.gated else 1
        number = min(PIECES, blocks, tiles * blocks // self.config.n_macros)
        return cut(self.model.ffn_dim, self.block, [0] * max(1, number))

    def _check_sets(self) -> None:
        if self.used.max() > self.config.sets:
            raise CompileError(
                f"the weights need {self.used.max()} sets in a macro, configuration "
                f"{self.config.name} has {self.config.sets} (weights {self.used.sum()} of "
                f"{self.used.size * self.config.sets} sets in the package)")

    def _place(self, drafts: list[dict], positions: int | None) -> None:
        """Cache and buffers. An encoder needs a list that takes all tokens of a sequence; unless
        told how many, as many as fit."""
        if self.family.causal:
            self._place_cache(drafts, positions, self.model.max_seq)
            self._place_buffers()
            return
        used, most = self.used.copy(), 1 << self.config.max_tokens.bit_length() - 1
        if positions and positions > most:
            raise CompileError(f"a sequence of {positions} tokens is one list in an encoder, "
                               f"configuration {self.config.name} takes {most}")
        while True:
            try:
                self.used = used.copy()
                self._place_cache(drafts, positions, most)
                self._place_buffers()
                return
            except CompileError:
                if positions or most == 1:
                    raise
                most //= 2

    def takes(self, tokens: int) -> bool:
        """Whether the longest step list may be one of so many tokens."""
        if self.family.causal:
            return tokens <= self.config.max_tokens
        return tokens == self.capacity

    # KV cache

    def _place_cache(self, drafts: list[dict], positions: int | None, most: int) -> None:
        m, n_macros = self.model, self.config.n_macros
        free = self.config.sets - self.used
        held = np.zeros_like(self.used)  # KV heads
        chosen: list[list[list[int]]] = []  # macro per layer, chiplet, KV head
        for draft in drafts:
            chosen.append([])
            for c in range(self.n):
                now = np.zeros(n_macros, np.int64)
                chosen[-1].append([])
                for _ in range(self.kv_heads[c].count):
                    room = free[c] / (held[c] + 1)
                    work = draft["work"][c]
                    macro = min(range(n_macros), key=lambda i: (now[i], work[i], -room[i], i))
                    now[macro] += 1
                    held[c, macro] += 1
                    chosen[-1][c].append(macro)
        per_block = 2 * self.head_tiles * self.batch  # sets of a KV head per BLOCK tokens
        blocks = int((free[held > 0] // (held[held > 0] * per_block)).min())
        if positions and positions > m.max_seq:
            raise CompileError(f"{positions} positions, the model has {m.max_seq}")
        wanted = min(positions or POSITIONS, m.max_seq, most)
        whole = wanted if self.family.causal else 1 << (wanted - 1).bit_length()
        if blocks * self.block < (whole if positions or not self.family.causal else 1):
            need = int((self.used + held * per_block * up(whole, self.block)).max())
            raise CompileError(
                f"a KV cache of {wanted} positions needs {need} sets in a macro, configuration "
                f"{self.config.name} has {self.config.sets}")
        self.max_positions = min(wanted, blocks * self.block)
        self.capacity = self.max_positions if self.family.causal else whole
        self.token_blocks = up(self.capacity, self.block)
        self.slot_positions = self.token_blocks * self.block
        self.cache_blocks = self.batch * self.token_blocks
        self.score_beats = up(self.capacity, self.lanes)
        size = self.head_tiles * self.cache_blocks
        ev = [0] * self.n
        self.layers: list[Layer] = []
        for draft, macros in zip(drafts, chosen):
            groups: list[list[Group]] = []
            for c in range(self.n):
                groups.append([])
                for local, macro in enumerate(macros[c]):
                    kv = self.kv_heads[c].first + local
                    share = m.n_heads // m.n_kv_heads
                    first = max(kv * share, self.heads[c].first)
                    last = min((kv + 1) * share, self.heads[c].end)
                    k_set = int(self.used[c, macro])
                    self.used[c, macro] += 2 * size
                    groups[c].append(Group(first, first - self.heads[c].first, last - first, kv,
                                           local, macro, k_set, k_set + size, ev[c]))
                    ev[c] += size
            matrices = {name: value for name, value in draft.items() if name != "work"}
            self.layers.append(Layer(groups=groups, **matrices))
        self.ev_beats = max(ev)

    # Stash

    def _place_buffers(self) -> None:
        try:
            self.layout = choose(self)
        except StashError as error:
            raise CompileError(str(error)) from None
        self.buffers = self.layout.buffers
        self.max_tokens = self.layout.chunk * self.layout.chunks

    def buffer_at(self, beat: int) -> str:
        """Name of the buffer that holds a stash beat; areas that share beats are all named."""
        names = [b.name for b in self.buffers.values() if 0 <= beat - b.beat < b.rows * b.beats]
        return " or ".join(names) or "scratch"

    @property
    def attention_direct(self) -> bool:
        """Whether every chiplet's heads are whole blocks of the input of wo, so that each chiplet
        quantises its own slice; otherwise fp32 is gathered first."""
        return all(r.first * self.head_pad % self.block == 0 for r in self.heads if r.count)


def make_plan(model: checkpoint.Config, config: Config, positions: int | None = None,
              batch: int = 1, stream: bool = False) -> Plan:
    """Plan, or CompileError that also names the configurations that would do."""
    try:
        return Plan(model, config, positions, batch, stream)
    except CompileError as error:
        good = []
        for name in configs.names():
            try:
                other = configs.load(name)
                Plan(model, other, positions, batch, stream)
                good.append(f"{name} ({other.n_chiplets} chiplets)")
            except CompileError:
                pass
        hint = f"; fits: {', '.join(good)}" if good else "; no named configuration fits"
        raise CompileError(f"{error}{hint}") from None
