<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
 <context>
  <name>CardiacSegmentation</name>
  <message>
   <source>Cardiac Segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Draws left ventricle, myocardium and right ventricle in every phase of a short-axis cine MR study and reports volumes, ejection fraction and mass. Not a medical device; not for diagnosis.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The network was trained on public data; see the model card.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A session ended unexpectedly; its corrections were kept.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Restore</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Put the kept corrections back into this study.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Discard</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Delete the kept corrections.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Study in the scene:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The study that is segmented, corrected and measured below. Several can be open at once.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Folder</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A folder, a DICOMDIR, an archive (zip, tar), or a NIfTI or NRRD file with a short-axis cine. Press Enter to look into it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Folder…</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Choose the folder of a study.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>File…</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Choose a DICOMDIR, an archive, a NIfTI or NRRD file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A DICOM folder with anything in it, a zip, a NIfTI or NRRD file.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Try a sample</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Makes a beating phantom heart with known volumes on this computer and opens it. Nothing is downloaded.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>DICOM browser</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Select patients, studies or series in Slicer's DICOM browser, then take them over here.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Open DICOM browser</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use its selection</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loaded images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>A volume sequence, a multi-volume or a single volume that is already in the scene.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use as short-axis cine</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Every cine stack that was found; the short axis is chosen by its geometry.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slices × phases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Spacing (mm)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Load</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Put the selected images into the scene.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segment</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Draw the left ventricle, its myocardium and the right ventricle in every slice and phase. Slicer can be used meanwhile.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Advanced</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Phases:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Runs on:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Model:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The folder of a network of your own; empty for the one that comes with this module.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Map of uncertainty (takes several times longer)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Correct</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Play at the speed of the heart (P)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Phase of the heart cycle (left and right arrow keys)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go to ED</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go to end-diastole (D)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go to ES</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Go to end-systole (S)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Set as ED</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take the phase shown as end-diastole of the ventricles chosen.</source>
   <translation>Die gezeigte Phase als Enddiastole der gewählten Ventrikel nehmen.</translation>
  </message>
  <message>
   <source>Set as ES</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take the phase shown as end-systole of the ventricles chosen.</source>
   <translation>Die gezeigte Phase als Endsystole der gewählten Ventrikel nehmen.</translation>
  </message>
  <message>
   <source>Whose end-diastole or end-systole the phase shown becomes.</source>
   <translation>Wessen Enddiastole oder Endsystole die gezeigte Phase wird.</translation>
  </message>
  <message>
   <source>LV and RV</source>
   <translation>LV und RV</translation>
  </message>
  <message>
   <source>Automatic</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Find end-diastole and end-systole from the volumes again.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Use it</source>
   <translation>Übernehmen</translation>
  </message>
  <message>
   <source>Take that phase instead; undo brings this one back.</source>
   <translation>Stattdessen jene Phase nehmen; Rückgängig holt diese zurück.</translation>
  </message>
  <message>
   <source>Click a row to go there. A tick counts the slice in the phase shown; a doubt names what to look at.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Slice</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>LV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Myo</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>RV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Look at</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undo</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Undo (Ctrl+Z)</source>
   <translation>Rückgängig (Strg+Z)</translation>
  </message>
  <message>
   <source>Redo</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Redo (Ctrl+Y)</source>
   <translation>Wiederholen (Strg+Y)</translation>
  </message>
  <message>
   <source>Seen</source>
   <translation>Gesehen</translation>
  </message>
  <message>
   <source>Tick off the doubts of the slice selected: they are not shown again.</source>
   <translation>Die Zweifel der gewählten Schicht abhaken: Sie werden nicht mehr gezeigt.</translation>
  </message>
  <message>
   <source>Copy from previous phase</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Replace the labels of the slice shown by those of the phase before.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Results</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sex:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>not known</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>female</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>male</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Age (years):</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Height (cm):</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Weight (kg):</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Body surface:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Formula of the body surface area</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Papillary muscles:</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Whether papillary muscles count as blood or as muscle</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Basal slices:</source>
   <translation>Basisschichten:</translation>
  </message>
  <message>
   <source>How much of the ring of myocardium a basal slice needs to count for the LV</source>
   <translation>Wie viel des Myokardrings eine Basisschicht braucht, um zum LV zu zählen</translation>
  </message>
  <message>
   <source>Normal</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The network's own numbers, and those after your corrections.</source>
   <translation>Die Werte des Netzes, und die nach Ihren Korrekturen.</translation>
  </message>
  <message>
   <source>Journal</source>
   <translation>Protokoll</translation>
  </message>
  <message>
   <source>Everything you did to this study, the latest first. Double-click to go there.</source>
   <translation>Alles, was Sie an dieser Studie getan haben, das Letzte zuerst. Doppelklick führt dorthin.</translation>
  </message>
  <message>
   <source>Each study's results go into a folder of its own in this one.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>CSV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>JSON</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Report (PDF)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>NIfTI</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>DICOM SEG, SR</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Scene (.mrb)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not a medical device; not for diagnosis.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.correct_panel</name>
  <message>
   <source>Undo: {change} (Ctrl+Z)</source>
   <translation>Rückgängig: {change} (Strg+Z)</translation>
  </message>
  <message>
   <source>Undo (Ctrl+Z)</source>
   <translation>Rückgängig (Strg+Z)</translation>
  </message>
  <message>
   <source>Redo: {change} (Ctrl+Y)</source>
   <translation>Wiederholen: {change} (Strg+Y)</translation>
  </message>
  <message>
   <source>Redo (Ctrl+Y)</source>
   <translation>Wiederholen (Strg+Y)</translation>
  </message>
  <message>
   <source>{phase} of {count}, {time} ms</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.count_grid</name>
  <message>
   <source>counts</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>does not count</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>as you decided</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>by the rule</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>no contour</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Base and apex</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ED and ES</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>All phases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Pale: by the rule chosen under Results</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Drag over cells, then say whether they count. A double click leads to the image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Counts</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Does not count</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>By the rule</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.dicom_plugin</name>
  <message>
   <source>Short-axis cine</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.exports</name>
  <message>
   <source>{path} could not be written. Slicer's error log says why.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.identity</name>
  <message>
   <source>Hide</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Hide the patient, for a picture or a talk; results keep the name.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{slices} slices × {phases} phases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient hidden</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Patient not known</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.messages</name>
  <message>
   <source>Cardiac segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{file}: {reason}. Choose another folder, or make room.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The program has a defect: {error}. Slicer's error log tells the developers more.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.packages</name>
  <message>
   <source>Slicer 5.12 or newer can install it.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Installing it failed: is this computer online? Slicer's error log has the details.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{packages} is needed for this and not installed.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.recovery_bar</name>
  <message>
   <source>A session ended unexpectedly; its work was kept ({work}).</source>
   <translation>Eine Sitzung endete unerwartet; ihre Arbeit wurde aufbewahrt ({work}).</translation>
  </message>
 </context>
 <context>
  <name>gui.results_panel</name>
  <message>
   <source>Choose the folder that the results are written to.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{files} of this study are already in {folder}. Replace them?</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{ventricle}: ED phase {ed} ({ed_slices} slices)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>, ES phase {es} ({es_slices} slices)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Papillary muscles in the volume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Papillary muscles in the mass</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Body surface {area} m² ({formula})</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source> and {count} more</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Written into {folder}: {files}</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.results_table</name>
  <message>
   <source>Ejection fraction</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End-diastolic volume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>End-systolic volume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Stroke volume</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiac output</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Myocardial mass</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>EDV index</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>ESV index</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>SV index</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiac index</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Mass index</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.sample</name>
  <message>
   <source>Cardiac cine phantom</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.segment_panel</name>
  <message>
   <source>Stopping …</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segment again</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segment</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>“{study}” was worked on ({work}). Segmenting again replaces that. Continue?</source>
   <translation>„{study}“ wurde bearbeitet ({work}). Neu zu segmentieren ersetzt das. Fortfahren?</translation>
  </message>
  <message>
   <source>Cancel the segmentation of “{study}”</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancel</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{stage}, {time} left</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancelled; nothing was changed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>The corrections were kept; the new segmentation was not used.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segmented.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Not segmented:</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.sign_panel</name>
  <message>
   <source>Unlock</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sign</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take the signature back, to go on working.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Answer for these numbers: the reading is locked until it is unlocked.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>🔒 {signature}. Nothing can be changed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Copied.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Sign-off</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reader's name</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Impression</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Phrases</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take phrases about size, function and mass from the numbers into the impression.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Copy as text</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Put a paragraph for the letter on the clipboard.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.slice_table</name>
  <message>
   <source>phase {number}: </source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>1 base</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{number} apex</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.study_panel</name>
  <message>
   <source>Nothing is selected in the DICOM browser.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Choose a study</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>This does not look like a short axis. Volumes would be wrong.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Complete: nothing had to be assumed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cardiac segmentation</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Looking through the files …</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Cancelled; nothing was loaded.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{folder} holds more than {count} files. Name the folder of one study.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>without a name</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.texts</name>
  <message>
   <source>… and {count} more</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>a moment</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{count} seconds</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>{count} minutes</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reading the images</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Loading the network</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Segmenting</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Measuring</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Writing results</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>gui.tools_panel</name>
  <message>
   <source>{count} images would change; they are shown dashed.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>No image would change.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>LV, MYO, RV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>LV and MYO</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>LV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>MYO</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>RV</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>What copying, growing, smoothing and so on act on: on the image shown only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Discard</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Put these contours in place, as one step of undo (Shift+T).</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Delete</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Delete structures in the image shown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>RV here (R)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>LV and myocardium here (L)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Copy</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Take the structures chosen over from a neighbouring image.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From previous phase (C)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From next phase (V)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From slice above (B)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>From slice below (N)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Change</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Change whole contours of the structures chosen, in the image shown.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Grow by 1 mm (+)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Shrink by 1 mm (-)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Enlarge by 5 %</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reduce by 5 %</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Smooth (M)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Snap to edges (E)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Propagate</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Carry what you corrected to other images; those you corrected yourself stay as they are.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>To all phases (T)</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>To the phases between</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>To the slices above and below</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fill empty slices</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Fill empty phases</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPointsEffect</name>
  <message>
   <source>Points</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Distance of points</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Press near a border: its control points appear. Drag one; press on the border between two to insert one. Each moves the stretch between its neighbours and nothing else.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no border near here.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPullEffect</name>
  <message>
   <source>Pull</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Reach</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Press near a border and drag it where it belongs; the others give way. Shift: the wall keeps its thickness.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPushEffect</name>
  <message>
   <source>Push</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Radius</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Press beside a border and shove it with the round cursor, from inside or outside.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorRedrawEffect</name>
  <message>
   <source>Redraw</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Draw along part of a border: the line takes the place of that part. A closed line is the whole border of the selected structure, also where there is none.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.contour_effect</name>
  <message>
   <source>[ and ], or Shift + wheel: {what}.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Esc: let go. It acts on the slice and phase shown only.</source>
   <translation type="unfinished" />
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.image_in_hand</name>
  <message>
   <source>There is no segmentation here.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>Borders are corrected in short-axis views only.</source>
   <translation type="unfinished" />
  </message>
  <message>
   <source>There is no slice here.</source>
   <translation type="unfinished" />
  </message>
 </context>
</TS>
