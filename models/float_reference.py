# SPDX-License-Identifier: Apache-2.0
"""Unquantised float32 forward passes: the yardstick for loss and similarity, not for bits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from models.checkpoint import BertWeights, BiasedLayer, Gpt2Weights, LlamaWeights
from models.vector import rope_table


def _softmax(s: np.ndarray) -> np.ndarray:
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def llama_logits(w: LlamaWeights, tokens: Sequence[int]) -> np.ndarray:
    """One whole sequence [T] -> logits float32 [T, vocab]."""
    c = w.config
    count = len(tokens)
    cos, sin = rope_table(np.arange(count), c.head_dim, c.rope_theta)
    mask = np.triu(np.full((count, count), -np.inf, np.float32), 1)

    def norm(x: np.ndarray, gamma: np.ndarray) -> np.ndarray:
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(c.norm_eps)) * gamma

    def heads(y: np.ndarray) -> np.ndarray:
        return y.reshape(count, -1, c.head_dim).swapaxes(0, 1)

    def rotate(y: np.ndarray) -> np.ndarray:
        a, b = y[..., 0::2], y[..., 1::2]
        return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(y.shape)

    x = w.embedding[np.asarray(tokens)]
    share = c.n_heads // c.n_kv_heads
    for layer in w.layers:
        h = norm(x, layer.attn_norm)
        q, k = rotate(heads(h @ layer.wq.T)), rotate(heads(h @ layer.wk.T))
        v = np.repeat(heads(h @ layer.wv.T), share, axis=0)
        s = q @ np.repeat(k, share, axis=0).swapaxes(1, 2) / np.float32(math.sqrt(c.head_dim))
        o = (_softmax(s + mask) @ v).swapaxes(0, 1).reshape(count, -1)
        x = x + o @ layer.wo.T
        h = norm(x, layer.ffn_norm)
        gate = h @ layer.w_gate.T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ layer.w_up.T)) @ layer.w_down.T
    return norm(x, w.final_norm) @ w.w_out.T


def _gelu(x: np.ndarray, activation: str) -> np.ndarray:
    if activation == "gelu_tanh":
        inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x**3)
        return x * np.float32(0.5) * (1 + np.tanh(inner))
    erf = np.vectorize(math.erf, otypes=[np.float32])
    return x * np.float32(0.5) * (1 + erf(x / np.float32(math.sqrt(2))))


def _layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float) -> np.ndarray:
    d = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(d * d, axis=-1, keepdims=True)
    return d / np.sqrt(variance + np.float32(eps)) * gamma + beta


def _attention(layer: BiasedLayer, x: np.ndarray, n_heads: int, mask) -> np.ndarray:
    """x [..., T, dim] -> output of Wo [..., T, dim]."""

    def heads(y: np.ndarray) -> np.ndarray:
        return y.reshape(*y.shape[:-1], n_heads, -1).swapaxes(-2, -3)

    q, k = heads(x @ layer.wq.T + layer.bq), heads(x @ layer.wk.T + layer.bk)
    p = _softmax(q @ k.swapaxes(-1, -2) / np.float32(math.sqrt(q.shape[-1])) + mask)
    o = (p @ heads(x @ layer.wv.T + layer.bv)).swapaxes(-2, -3).reshape(x.shape)
    return o @ layer.wo.T + layer.bo


def _mlp(layer: BiasedLayer, x: np.ndarray, activation: str) -> np.ndarray:
    return _gelu(x @ layer.w_in.T + layer.b_in, activation) @ layer.w_out.T + layer.b_out


def gpt2_logits(w: Gpt2Weights, tokens: Sequence[int]) -> np.ndarray:
    """One whole sequence [T] -> logits float32 [T, vocab]."""
    c, count = w.config, len(tokens)
    mask = np.triu(np.full((count, count), -np.inf, np.float32), 1)
    x = w.embedding[np.asarray(tokens)] + w.position[:count]
    for layer in w.layers:
        h = _layer_norm(x, layer.attn_gamma, layer.attn_beta, c.norm_eps)
        x = x + _attention(layer, h, c.n_heads, mask)
        h = _layer_norm(x, layer.ffn_gamma, layer.ffn_beta, c.norm_eps)
        x = x + _mlp(layer, h, c.activation)
    return _layer_norm(x, w.gamma, w.beta, c.norm_eps) @ w.w_out.T


def bert_embedding(w: BertWeights, tokens: np.ndarray) -> np.ndarray:
    """Sequences of one length int [S, T] -> unit vectors float32 [S, dim] (mean pooling)."""
    c = w.config
    x = w.embedding[tokens] + w.position[: tokens.shape[1]] + w.token_type[0]
    x = _layer_norm(x, w.gamma, w.beta, c.norm_eps)
    for layer in w.layers:
        x = x + _attention(layer, x, c.n_heads, np.float32(0))
        x = _layer_norm(x, layer.attn_gamma, layer.attn_beta, c.norm_eps)
        x = x + _mlp(layer, x, c.activation)
        x = _layer_norm(x, layer.ffn_gamma, layer.ffn_beta, c.norm_eps)
    pooled = x.mean(axis=1)
    return pooled / np.linalg.norm(pooled, axis=-1, keepdims=True)
