"""A cine as one Enhanced MR multi-frame object (DICOM PS3.3 A.36.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.uid import EnhancedMRImageStorage

from CardiacSegmentationLib.phantom.dicom import (
    BREATH_HOLD_S,
    ECHO_MS,
    FLIP_DEGREES,
    REPETITION_MS,
    STUDY_DATE,
    clock,
    code,
    copy_of,
    dataset,
    decimal,
    make_uid,
    put_pixel_format,
    put_pixels,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from CardiacSegmentationLib.phantom.rendering import RenderedSeries
    from CardiacSegmentationLib.phantom.spec import PhantomSpec

INTERVALS_ACQUIRED = 12
RETROSPECTIVE_CINE = {
    "CardiacSynchronizationTechnique": "RETROSPECTIVE",
    "CardiacSignalSource": "ECG",
    "CardiacBeatRejectionTechnique": "NONE",
}


def enhanced_object(common: Dataset, spec: PhantomSpec, series: RenderedSeries) -> Dataset:
    """All frames of a series in one object: plane after plane, each with all its phases."""
    image = copy_of(common)
    image.SOPClassUID = EnhancedMRImageStorage
    image.InstanceNumber = 1
    begun = clock(BREATH_HOLD_S * int(common.SeriesNumber))
    image.ContentDate, image.ContentTime = STUDY_DATE, begun
    image.AcquisitionNumber = 1
    image.AcquisitionDateTime = STUDY_DATE + begun
    image.AcquisitionDuration = float(BREATH_HOLD_S * 1000)
    _put_image_facts(image, series)
    _put_pulse_sequence(image)
    if series.is_cine:
        for keyword, value in RETROSPECTIVE_CINE.items():
            setattr(image, keyword, value)
        image.CardiacRRIntervalSpecified = spec.rr_ms
        image.IntervalsAcquired, image.IntervalsRejected = INTERVALS_ACQUIRED, 0
        image.LowRRValue, image.HighRRValue = round(0.9 * spec.rr_ms), round(1.1 * spec.rr_ms)
    image.AcquisitionContextSequence = []
    _put_dimensions(image, spec, series)
    image.SharedFunctionalGroupsSequence = [_shared_groups(series)]
    planes, phases = len(series.views), len(series.times_ms)
    image.PerFrameFunctionalGroupsSequence = [
        _frame_groups(spec, series, plane, phase) for plane in range(planes) for phase in range(phases)
    ]
    put_pixel_format(image, series.pixels)
    put_pixels(image, series.pixels.swapaxes(0, 1).reshape(-1, *series.pixels.shape[2:]))
    return image


def _image_type(series: RenderedSeries) -> list[str]:
    return ["ORIGINAL", "PRIMARY", "CARDIAC" if series.is_cine else "LOCALIZER", "NONE"]


def _put_image_facts(image: Dataset, series: RenderedSeries) -> None:
    image.ImageType = _image_type(series)
    image.ContentQualification = "RESEARCH"
    image.BurnedInAnnotation = "NO"
    image.LossyImageCompression = "00"
    image.PresentationLUTShape = "IDENTITY"
    image.ResonantNucleus = "1H"
    image.KSpaceFiltering = "NONE"
    image.ApplicableSafetyStandardAgency = "IEC"
    _put_frame_facts(image)


def _put_frame_facts(item: Dataset) -> None:
    item.PixelPresentation = "MONOCHROME"
    item.VolumetricProperties = "VOLUME"
    item.VolumeBasedCalculationTechnique = "NONE"
    item.ComplexImageComponent = "MAGNITUDE"
    item.AcquisitionContrast = "UNKNOWN"


def _put_pulse_sequence(image: Dataset) -> None:
    image.PulseSequenceName = "bSSFP"
    image.MRAcquisitionType = "2D"
    image.EchoPulseSequence = "GRADIENT"
    image.MultiPlanarExcitation = "NO"
    image.PhaseContrast = "NO"
    image.TimeOfFlightContrast = "NO"
    image.SteadyStatePulseSequence = "FREE_PRECESSION"
    image.EchoPlanarPulseSequence = "NO"
    image.SpectrallySelectedSuppression = "NONE"
    image.SaturationRecovery = "NO"
    image.OversamplingPhase = "2D"
    image.GeometryOfKSpaceTraversal = "RECTILINEAR"
    image.RectilinearPhaseEncodeReordering = "LINEAR"
    image.SegmentedKSpaceTraversal = "PARTIAL"
    image.NumberOfKSpaceTrajectories = 1


def _put_dimensions(image: Dataset, spec: PhantomSpec, series: RenderedSeries) -> None:
    organization = make_uid(spec, "dimensions", series.name)
    image.DimensionOrganizationSequence = [dataset(DimensionOrganizationUID=organization)]
    pointers = [("StackID", "FrameContentSequence"), ("InStackPositionNumber", "FrameContentSequence")]
    if series.is_cine:
        pointers.append(("NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence"))
    image.DimensionIndexSequence = [
        dataset(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=tag_for_keyword(pointer),
            FunctionalGroupPointer=tag_for_keyword(group),
        )
        for pointer, group in pointers
    ]


def _shared_groups(series: RenderedSeries) -> Dataset:
    view = series.views[0]
    anatomy = dataset(AnatomicRegionSequence=[code("80891009", "SCT", "Heart")], FrameLaterality="U")
    frame_type = dataset(FrameType=_image_type(series))
    _put_frame_facts(frame_type)
    measures = dataset(PixelSpacing=[decimal(view.pixel_mm)] * 2, SliceThickness=decimal(view.thickness_mm))
    if series.is_cine and len(series.views) > 1:
        measures.SpacingBetweenSlices = decimal(np.linalg.norm(series.views[1].corner_mm - view.corner_mm))
    groups = dataset(
        PixelMeasuresSequence=[measures],
        FrameAnatomySequence=[anatomy],
        MRImageFrameTypeSequence=[frame_type],
        PixelValueTransformationSequence=[dataset(RescaleIntercept="0", RescaleSlope="1", RescaleType="US")],
        FrameVOILUTSequence=[dataset(WindowCenter="550", WindowWidth="1100")],
        **_acquisition_groups(view.rows),
    )
    if series.is_cine:
        groups.PlaneOrientationSequence = [_orientation(series, 0)]
    return groups


def _acquisition_groups(rows: int) -> dict[str, list[Dataset]]:
    """How every frame was acquired, in the groups that Enhanced MR asks for."""
    timing = dataset(
        RepetitionTime=decimal(REPETITION_MS),
        FlipAngle=decimal(FLIP_DEGREES),
        EchoTrainLength=1,
        RFEchoTrainLength=0,
        GradientEchoTrainLength=1,
        SpecificAbsorptionRateSequence=[
            dataset(SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=1.0)
        ],
        GradientOutputType="DB_DT",
        GradientOutput=40.0,
        OperatingModeSequence=[
            dataset(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL"),
            dataset(OperatingModeType="RF", OperatingMode="IEC_NORMAL"),
            dataset(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL"),
        ],
    )
    field = dataset(
        InPlanePhaseEncodingDirection="COLUMN",
        MRAcquisitionFrequencyEncodingSteps=rows,
        MRAcquisitionPhaseEncodingStepsInPlane=rows,
        PercentSampling="100",
        PercentPhaseFieldOfView="100",
    )
    modifier = dataset(
        InversionRecovery="NO",
        FlowCompensation="NONE",
        Spoiling="NONE",
        T2Preparation="NO",
        SpectrallySelectedExcitation="NONE",
        SpatialPresaturation="NONE",
        PartialFourier="NO",
        ParallelAcquisition="NO",
    )
    imaging = dataset(
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=63.87,
        PixelBandwidth=decimal(1000),
    )
    receive = dataset(
        ReceiveCoilName="BODY ARRAY",
        ReceiveCoilManufacturerName="",
        ReceiveCoilType="MULTICOIL",
        QuadratureReceiveCoil="NO",
        MultiCoilDefinitionSequence=[
            dataset(MultiCoilElementName="1", MultiCoilElementUsed="YES"),
            dataset(MultiCoilElementName="2", MultiCoilElementUsed="YES"),
        ],
    )
    transmit = dataset(TransmitCoilName="BODY", TransmitCoilManufacturerName="", TransmitCoilType="BODY")
    return {
        "MRTimingAndRelatedParametersSequence": [timing],
        "MRFOVGeometrySequence": [field],
        "MREchoSequence": [dataset(EffectiveEchoTime=ECHO_MS)],
        "MRModifierSequence": [modifier],
        "MRImagingModifierSequence": [imaging],
        "MRReceiveCoilSequence": [receive],
        "MRTransmitCoilSequence": [transmit],
        "MRAveragesSequence": [dataset(NumberOfAverages="1")],
    }


def _frame_groups(spec: PhantomSpec, series: RenderedSeries, plane: int, phase: int) -> Dataset:
    begun = STUDY_DATE + clock(BREATH_HOLD_S * (1 + plane))
    stack, position = ("1", plane + 1) if series.is_cine else (str(plane + 1), 1)
    content = dataset(
        FrameAcquisitionDateTime=begun,
        FrameReferenceDateTime=begun,
        FrameAcquisitionDuration=float(BREATH_HOLD_S * 1000),
        StackID=stack,
        InStackPositionNumber=position,
        DimensionIndexValues=[int(stack), position, *([phase + 1] if series.is_cine else [])],
    )
    corner = [decimal(v) for v in series.views[plane].corner_mm]
    groups = dataset(FrameContentSequence=[content], PlanePositionSequence=[dataset(ImagePositionPatient=corner)])
    if series.is_cine:
        content.TemporalPositionIndex = phase + 1
        groups.CardiacSynchronizationSequence = [
            dataset(NominalCardiacTriggerDelayTime=series.times_ms[phase], RRIntervalTimeNominal=spec.rr_ms)
        ]
    else:
        groups.PlaneOrientationSequence = [_orientation(series, plane)]
    return groups


def _orientation(series: RenderedSeries, plane: int) -> Dataset:
    view = series.views[plane]
    return dataset(ImageOrientationPatient=[decimal(v) for v in (*view.along_row, *view.along_column)])
