from .contract.check import check_engine
from .engines.base import Engine, Op, Run
from .engines.crossbar.engine import CrossbarEngine
from .engines.filter.engine import FilterEngine
from .engines.nm.engine import NMEngine
from .engines.pair import Pair
from .engines.plain import PlainEngine
from .engines.reference import ReferenceMachine
from .engines.registry import register_engine
from .engines.sprint.engine import SprintEngine
from .engines.tile.conventions import PHYSICAL, SIMULATOR, Conventions
from .engines.tile.engine import TileEngine
from .errors import InputError
from .evaluation import Metrics
from .explore.axes import (
    choice,
    continuous,
    integers,
    interval,
    powers_of_two,
    tied,
)
from .explore.compare import Comparison, compare
from .explore.compiled_model import CompiledModel, compile_model
from .explore.evaluate import evaluate
from .explore.largest import largest
from .explore.runs import Runs, pareto
from .explore.sensitivity import Sensitivity, sensitivity
from .explore.slopes import gradient
from .explore.space import Space
from .explore.sweep import sweep
from .explore.uncertainty import Uncertainty, uncertainty
from .explore.value_of_measuring import value_of_measuring
from .hardware.citations import cite
from .hardware.parameters import load_parameters
from .hardware.technology import Technology, load_technology
from .records import quantity, record, static
from .schedule.stage import Stage
from .schedule.traffic import Room, Storage
from .show.comparison import plot_compare
from .show.explorer import explore
from .show.plots import (
    plot_breakdown,
    plot_front,
    plot_memory,
    plot_roofline,
    plot_schedule,
    plot_time,
)
from .show.report import report, write_report
from .show.tornado import plot_sensitivity
from .sparsity.curve_names import curve_names
from .sparsity.curves import Curve
from .sparsity.library import load_curve
from .sparsity.loss import Subject
from .study.study import Study, load_study
from .sweeps.saved import load, save
from .tuning.pareto_proof import ProvenFront, pareto_proof
from .tuning.result import Tuned
from .tuning.tune import tune
from .tuning.tune_front import TunedFront, tune_front
from .workload.acceltran_models import acceltran_model
from .workload.generation import generation
from .workload.ops import Ops, Workload
from .workload.transformer import transformer
from .workload.zoo import model_shape

__version__: str

__all__ = [
    "PHYSICAL",
    "SIMULATOR",
    "Comparison",
    "CompiledModel",
    "Conventions",
    "CrossbarEngine",
    "Curve",
    "Engine",
    "FilterEngine",
    "InputError",
    "Metrics",
    "NMEngine",
    "Op",
    "Ops",
    "Pair",
    "PlainEngine",
    "ProvenFront",
    "ReferenceMachine",
    "Room",
    "Run",
    "Runs",
    "Sensitivity",
    "Space",
    "SprintEngine",
    "Stage",
    "Storage",
    "Study",
    "Subject",
    "Technology",
    "TileEngine",
    "Tuned",
    "TunedFront",
    "Uncertainty",
    "Workload",
    "acceltran_model",
    "check_engine",
    "choice",
    "cite",
    "compare",
    "compile_model",
    "continuous",
    "curve_names",
    "evaluate",
    "explore",
    "generation",
    "gradient",
    "integers",
    "interval",
    "largest",
    "load",
    "load_curve",
    "load_parameters",
    "load_study",
    "load_technology",
    "model_shape",
    "pareto",
    "pareto_proof",
    "plot_breakdown",
    "plot_compare",
    "plot_front",
    "plot_memory",
    "plot_roofline",
    "plot_schedule",
    "plot_sensitivity",
    "plot_time",
    "powers_of_two",
    "quantity",
    "record",
    "register_engine",
    "report",
    "save",
    "sensitivity",
    "static",
    "sweep",
    "tied",
    "transformer",
    "tune",
    "tune_front",
    "uncertainty",
    "value_of_measuring",
    "write_report",
]
