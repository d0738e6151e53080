<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
 <context>
  <name>CardiacSegmentation</name>
  <message>
   <source>Cardiac Segmentation</source>
   <translation>Herzsegmentierung</translation>
  </message>
  <message>
   <source>Draws left ventricle, myocardium and right ventricle in every phase of a short-axis cine MR study and reports volumes, ejection fraction and mass. Not a medical device; not for diagnosis.</source>
   <translation>Zeichnet linken Ventrikel, Myokard und rechten Ventrikel in jeder Phase einer Kurzachsen-Cine-MRT und berichtet Volumina, Ejektionsfraktion und Masse. Kein Medizinprodukt; nicht zur Diagnose.</translation>
  </message>
  <message>
   <source>The network was trained on public data; see the model card.</source>
   <translation>Das Netz wurde mit öffentlichen Daten trainiert; siehe die Modellkarte.</translation>
  </message>
  <message>
   <source>Work on this study was left unfinished and is kept.</source>
   <translation>Zu dieser Studie gibt es unfertige Arbeit; sie ist aufbewahrt.</translation>
  </message>
  <message>
   <source>Restore</source>
   <translation>Wiederherstellen</translation>
  </message>
  <message>
   <source>Put the kept corrections back into this study.</source>
   <translation>Die aufbewahrten Korrekturen in diese Studie zurückholen.</translation>
  </message>
  <message>
   <source>Discard</source>
   <translation>Verwerfen</translation>
  </message>
  <message>
   <source>Delete the kept corrections.</source>
   <translation>Die aufbewahrten Korrekturen löschen.</translation>
  </message>
  <message>
   <source>Study</source>
   <translation>Studie</translation>
  </message>
  <message>
   <source>Study in the scene:</source>
   <translation>Studie in der Szene:</translation>
  </message>
  <message>
   <source>The study that is segmented, corrected and measured below. Several can be open at once.</source>
   <translation>Die Studie, die unten segmentiert, korrigiert und vermessen wird. Mehrere können zugleich offen sein.</translation>
  </message>
  <message>
   <source>Folder</source>
   <translation>Ordner</translation>
  </message>
  <message>
   <source>A folder, a DICOMDIR, an archive (zip, tar), or a NIfTI or NRRD file with a short-axis cine. Press Enter to look into it.</source>
   <translation>Ein Ordner, ein DICOMDIR, ein Archiv (zip, tar) oder eine NIfTI- oder NRRD-Datei mit einem Kurzachsen-Cine. Die Eingabetaste sieht hinein.</translation>
  </message>
  <message>
   <source>Folder…</source>
   <translation>Ordner …</translation>
  </message>
  <message>
   <source>Choose the folder of a study.</source>
   <translation>Den Ordner einer Studie wählen.</translation>
  </message>
  <message>
   <source>File…</source>
   <translation>Datei …</translation>
  </message>
  <message>
   <source>Choose a DICOMDIR, an archive, a NIfTI or NRRD file.</source>
   <translation>Ein DICOMDIR, ein Archiv, eine NIfTI- oder NRRD-Datei wählen.</translation>
  </message>
  <message>
   <source>A DICOM folder with anything in it, a zip, a NIfTI or NRRD file.</source>
   <translation>Ein DICOM-Ordner mit beliebigem Inhalt, ein Zip, eine NIfTI- oder NRRD-Datei.</translation>
  </message>
  <message>
   <source>Try a sample</source>
   <translation>Beispiel öffnen</translation>
  </message>
  <message>
   <source>Makes a beating phantom heart with known volumes on this computer and opens it. Nothing is downloaded.</source>
   <translation>Erzeugt auf diesem Rechner ein schlagendes Phantomherz mit bekannten Volumina und öffnet es. Nichts wird heruntergeladen.</translation>
  </message>
  <message>
   <source>DICOM browser</source>
   <translation>DICOM-Browser</translation>
  </message>
  <message>
   <source>Select patients, studies or series in Slicer's DICOM browser, then take them over here.</source>
   <translation>Patienten, Studien oder Serien in Slicers DICOM-Browser auswählen und hier übernehmen.</translation>
  </message>
  <message>
   <source>Open DICOM browser</source>
   <translation>DICOM-Browser öffnen</translation>
  </message>
  <message>
   <source>Use its selection</source>
   <translation>Auswahl übernehmen</translation>
  </message>
  <message>
   <source>Loaded images</source>
   <translation>Geladene Bilder</translation>
  </message>
  <message>
   <source>A volume sequence, a multi-volume or a single volume that is already in the scene.</source>
   <translation>Eine Volumensequenz, ein Multivolumen oder ein einzelnes Volumen, das schon in der Szene ist.</translation>
  </message>
  <message>
   <source>Use as short-axis cine</source>
   <translation>Als Kurzachsen-Cine verwenden</translation>
  </message>
  <message>
   <source>Every cine stack that was found; the short axis is chosen by its geometry.</source>
   <translation>Alle gefundenen Cine-Stapel; die Kurzachse wird an ihrer Geometrie erkannt.</translation>
  </message>
  <message>
   <source>Images</source>
   <translation>Bilder</translation>
  </message>
  <message>
   <source>Slices × phases</source>
   <translation>Schichten × Phasen</translation>
  </message>
  <message>
   <source>Spacing (mm)</source>
   <translation>Abstand (mm)</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>Laden</translation>
  </message>
  <message>
   <source>Put the selected images into the scene.</source>
   <translation>Die ausgewählten Bilder in die Szene laden.</translation>
  </message>
  <message>
   <source>Segment</source>
   <translation>Segmentieren</translation>
  </message>
  <message>
   <source>Draw the left ventricle, its myocardium and the right ventricle in every slice and phase. Slicer can be used meanwhile.</source>
   <translation>Linken Ventrikel, Myokard und rechten Ventrikel in jeder Schicht und Phase einzeichnen. Slicer bleibt dabei bedienbar.</translation>
  </message>
  <message>
   <source>Advanced</source>
   <translation>Erweitert</translation>
  </message>
  <message>
   <source>Phases:</source>
   <translation>Phasen:</translation>
  </message>
  <message>
   <source>Runs on:</source>
   <translation>Läuft mit:</translation>
  </message>
  <message>
   <source>Network:</source>
   <translation>Netz:</translation>
  </message>
  <message>
   <source>The folder of a network of your own, made with cardiactrain export.</source>
   <translation>Der Ordner eines eigenen Netzes, gemacht mit cardiactrain export.</translation>
  </message>
  <message>
   <source>Map of uncertainty (takes several times longer)</source>
   <translation>Unsicherheitskarte (dauert ein Vielfaches)</translation>
  </message>
  <message>
   <source>Correct</source>
   <translation>Korrigieren</translation>
  </message>
  <message>
   <source>Play at the speed of the heart (P)</source>
   <translation>Im Tempo des Herzens abspielen (P)</translation>
  </message>
  <message>
   <source>Phase of the heart cycle (left and right arrow keys)</source>
   <translation>Phase des Herzzyklus (Pfeiltasten links und rechts)</translation>
  </message>
  <message>
   <source>Overview</source>
   <translation>Übersicht</translation>
  </message>
  <message>
   <source>All slices at end-diastole and end-systole, or in all phases: contours, doubts, what was looked at (V)</source>
   <translation>Alle Schichten in Enddiastole und Endsystole oder in allen Phasen: Konturen, Zweifel, was angesehen wurde (V)</translation>
  </message>
  <message>
   <source>Go to end-diastole (D)</source>
   <translation>Zur Enddiastole (D)</translation>
  </message>
  <message>
   <source>Go to end-systole (S)</source>
   <translation>Zur Endsystole (S)</translation>
  </message>
  <message>
   <source>Set as ED</source>
   <translation>Als ED</translation>
  </message>
  <message>
   <source>Take the phase shown as end-diastole of the ventricles chosen.</source>
   <translation>Die gezeigte Phase als Enddiastole der gewählten Ventrikel nehmen.</translation>
  </message>
  <message>
   <source>Set as ES</source>
   <translation>Als ES</translation>
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
   <translation>Automatisch</translation>
  </message>
  <message>
   <source>Find end-diastole and end-systole from the volumes again.</source>
   <translation>Enddiastole und Endsystole wieder aus den Volumina bestimmen.</translation>
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
   <translation>Ein Klick auf die Zeile führt zur Schicht. Ein Haken zählt die Schicht in der gezeigten Phase mit; ein Hinweis nennt, was anzusehen ist.</translation>
  </message>
  <message>
   <source>Slice</source>
   <translation>Schicht</translation>
  </message>
  <message>
   <source>LV</source>
   <translation>LV</translation>
  </message>
  <message>
   <source>Myo</source>
   <translation>Myo</translation>
  </message>
  <message>
   <source>RV</source>
   <translation>RV</translation>
  </message>
  <message>
   <source>Look at</source>
   <translation>Ansehen</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>Zurück</translation>
  </message>
  <message>
   <source>Undo (Ctrl+Z)</source>
   <translation>Rückgängig (Strg+Z)</translation>
  </message>
  <message>
   <source>Redo</source>
   <translation>Wieder</translation>
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
   <source>Tick off the doubts of the slice selected, and go to the next one (K)</source>
   <translation>Die Zweifel der gewählten Schicht abhaken und zum nächsten gehen (K)</translation>
  </message>
  <message>
   <source>Copy from previous phase</source>
   <translation>Aus voriger Phase</translation>
  </message>
  <message>
   <source>Replace the labels of the slice shown by those of the phase before.</source>
   <translation>Die Konturen der gezeigten Schicht durch die der vorigen Phase ersetzen.</translation>
  </message>
  <message>
   <source>Results</source>
   <translation>Ergebnisse</translation>
  </message>
  <message>
   <source>Sex:</source>
   <translation>Geschlecht:</translation>
  </message>
  <message>
   <source>not known</source>
   <translation>unbekannt</translation>
  </message>
  <message>
   <source>female</source>
   <translation>weiblich</translation>
  </message>
  <message>
   <source>male</source>
   <translation>männlich</translation>
  </message>
  <message>
   <source>Age (years):</source>
   <translation>Alter (Jahre):</translation>
  </message>
  <message>
   <source>Height (cm):</source>
   <translation>Größe (cm):</translation>
  </message>
  <message>
   <source>Weight (kg):</source>
   <translation>Gewicht (kg):</translation>
  </message>
  <message>
   <source>Body surface:</source>
   <translation>Körperoberfläche:</translation>
  </message>
  <message>
   <source>Formula of the body surface area</source>
   <translation>Formel der Körperoberfläche</translation>
  </message>
  <message>
   <source>Papillary muscles:</source>
   <translation>Papillarmuskeln:</translation>
  </message>
  <message>
   <source>Whether papillary muscles count as blood or as muscle</source>
   <translation>Ob Papillarmuskeln als Blut oder als Muskel zählen</translation>
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
   <source>Threshold:</source>
   <translation>Schwelle:</translation>
  </message>
  <message>
   <source>Papillary muscles in the mass: what is darker than this share of the way from muscle to blood is muscle</source>
   <translation>Papillarmuskeln in der Masse: Muskel ist, was dunkler ist als dieser Anteil des Weges von Muskel zu Blut</translation>
  </message>
  <message>
   <source>Normal</source>
   <translation>Normal</translation>
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
   <translation>Die Ergebnisse jeder Studie kommen in einen eigenen Ordner in diesem.</translation>
  </message>
  <message>
   <source>Export</source>
   <translation>Exportieren</translation>
  </message>
  <message>
   <source>Write the results into the study's folder: choose what.</source>
   <translation>Die Ergebnisse in den Ordner der Studie schreiben: wählen, was.</translation>
  </message>
  <message>
   <source>Not a medical device; not for diagnosis.</source>
   <translation>Kein Medizinprodukt; nicht zur Diagnose.</translation>
  </message>
 </context>
 <context>
  <name>gui.again_panel</name>
  <message>
   <source>Looking again …</source>
   <translation>Sieht noch einmal hin …</translation>
  </message>
  <message>
   <source>Looking again … {percent} %</source>
   <translation>Sieht noch einmal hin … {percent} %</translation>
  </message>
  <message>
   <source>The network sees nothing else here.</source>
   <translation>Das Netz sieht hier nichts anderes.</translation>
  </message>
  <message>
   <source>Proposal {number} of {count}, shown dashed: {what}.</source>
   <translation>Vorschlag {number} von {count}, gestrichelt: {what}.</translation>
  </message>
  <message>
   <source>{count} images change</source>
   <translation>{count} Bilder ändern sich</translation>
  </message>
  <message>
   <source>no heart</source>
   <translation>kein Herz</translation>
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
   <translation>{phase} von {count}, {time} ms</translation>
  </message>
 </context>
 <context>
  <name>gui.count_grid</name>
  <message>
   <source>as you decided</source>
   <translation>wie von Ihnen entschieden</translation>
  </message>
  <message>
   <source>by the base plane</source>
   <translation>nach der Basisebene</translation>
  </message>
  <message>
   <source>by the rule</source>
   <translation>nach der Regel</translation>
  </message>
  <message>
   <source>no contour</source>
   <translation>keine Kontur</translation>
  </message>
  <message>
   <source>Base and apex</source>
   <translation>Basis und Apex</translation>
  </message>
  <message>
   <source>ED and ES</source>
   <translation>ED und ES</translation>
  </message>
  <message>
   <source>All phases</source>
   <translation>Alle Phasen</translation>
  </message>
  <message>
   <source>Pale: by the base plane, else by the rule chosen under Results</source>
   <translation>Blass: nach der Basisebene, sonst nach der unter Ergebnisse gewählten Regel</translation>
  </message>
  <message>
   <source>Drag over cells, then say whether they count. A double click leads to the image.</source>
   <translation>Über Felder ziehen, dann sagen, ob sie zählen. Ein Doppelklick führt zum Bild.</translation>
  </message>
  <message>
   <source>Counts</source>
   <translation>Zählt</translation>
  </message>
  <message>
   <source>Does not count</source>
   <translation>Zählt nicht</translation>
  </message>
  <message>
   <source>By the rule</source>
   <translation>Nach der Regel</translation>
  </message>
  <message>
   <source>counts</source>
   <translation>zählt</translation>
  </message>
  <message>
   <source>does not count</source>
   <translation>zählt nicht</translation>
  </message>
  <message>
   <source>counts by {percent} %</source>
   <translation>zählt zu {percent} %</translation>
  </message>
 </context>
 <context>
  <name>gui.curve</name>
  <message>
   <source>ml, g</source>
   <translation>ml, g</translation>
  </message>
  <message>
   <source>mass</source>
   <translation>Masse</translation>
  </message>
  <message>
   <source>Automatic: {amounts}</source>
   <translation>Automatisch: {amounts}</translation>
  </message>
  <message>
   <source>Drag: set {mark}</source>
   <translation>Ziehen: {mark} festlegen</translation>
  </message>
  <message>
   <source>Phase {phase} of {count}, {time} ms</source>
   <translation>Phase {phase} von {count}, {time} ms</translation>
  </message>
  <message>
   <source>LV {lv} ml, RV {rv} ml, mass {myo} g</source>
   <translation>LV {lv} ml, RV {rv} ml, Masse {myo} g</translation>
  </message>
 </context>
 <context>
  <name>gui.dicom_plugin</name>
  <message>
   <source>Short-axis cine</source>
   <translation>Kurzachsen-Cine</translation>
  </message>
 </context>
 <context>
  <name>gui.export_menu</name>
  <message>
   <source>Cancel sending</source>
   <translation>Senden abbrechen</translation>
  </message>
  <message>
   <source>Send to PACS …</source>
   <translation>An PACS senden …</translation>
  </message>
  <message>
   <source>Only of images that were loaded from DICOM can DICOM objects be made.</source>
   <translation>Nur aus Bildern, die aus DICOM geladen wurden, entstehen DICOM-Objekte.</translation>
  </message>
 </context>
 <context>
  <name>gui.exports</name>
  <message>
   <source>All tables</source>
   <translation>Alle Tabellen</translation>
  </message>
  <message>
   <source>All DICOM objects</source>
   <translation>Alle DICOM-Objekte</translation>
  </message>
  <message>
   <source>Everything</source>
   <translation>Alles</translation>
  </message>
  <message>
   <source>{path} could not be written. Slicer's error log says why.</source>
   <translation>{path} konnte nicht geschrieben werden. Slicers Fehlerprotokoll nennt den Grund.</translation>
  </message>
 </context>
 <context>
  <name>gui.identity</name>
  <message>
   <source>Hide</source>
   <translation>Verbergen</translation>
  </message>
  <message>
   <source>Hide the patient, for a picture or a talk; results keep the name.</source>
   <translation>Die Patientenangaben verbergen, für ein Bild oder einen Vortrag; die Ergebnisse behalten den Namen.</translation>
  </message>
  <message>
   <source>{slices} slices × {phases} phases</source>
   <translation>{slices} Schichten × {phases} Phasen</translation>
  </message>
  <message>
   <source>Patient hidden</source>
   <translation>Patient verborgen</translation>
  </message>
  <message>
   <source>Patient not known</source>
   <translation>Patient nicht bekannt</translation>
  </message>
 </context>
 <context>
  <name>gui.long_axis_panel</name>
  <message>
   <source>none</source>
   <translation>keine</translation>
  </message>
  <message>
   <source>Click both ends of the valve in the view of the long axis.</source>
   <translation>Beide Enden der Klappe in der Ansicht der Langachse anklicken.</translation>
  </message>
  <message>
   <source>No long-axis cines came with this study: base planes cannot be set.</source>
   <translation>Mit dieser Studie kamen keine Langachsen-Cines: Basisebenen lassen sich nicht setzen.</translation>
  </message>
  <message>
   <source>Set the valve at ED and at ES; the images' motion carries it between.</source>
   <translation>Die Klappe in ED und ES setzen; dazwischen trägt sie die Bewegung der Bilder.</translation>
  </message>
  <message>
   <source>{structure}: set on {views}, phase {phases}.</source>
   <translation>{structure}: gesetzt auf {views}, Phase {phases}.</translation>
  </message>
  <message>
   <source>Set it at {moment} too.</source>
   <translation>Auch in der {moment} setzen.</translation>
  </message>
  <message>
   <source>Long axes and base plane</source>
   <translation>Langachsen und Basisebene</translation>
  </message>
  <message>
   <source>The long axis beside the short one. The line of the slice shown stands out on it.</source>
   <translation>Die Langachse neben der Kurzachse. Die Linie der gezeigten Schicht ist darauf hervorgehoben.</translation>
  </message>
  <message>
   <source>Long axis:</source>
   <translation>Langachse:</translation>
  </message>
  <message>
   <source>Click both ends of the valve in the phase shown. The ends can be dragged afterwards.</source>
   <translation>Beide Enden der Klappe in der gezeigten Phase anklicken. Die Enden lassen sich danach ziehen.</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>Entfernen</translation>
  </message>
  <message>
   <source>Take a base plane away; then the basal rule holds again.</source>
   <translation>Eine Basisebene wegnehmen; dann gilt wieder die Basisregel.</translation>
  </message>
  <message>
   <source>Mitral</source>
   <translation>Mitral</translation>
  </message>
  <message>
   <source>Tricuspid</source>
   <translation>Trikuspidal</translation>
  </message>
 </context>
 <context>
  <name>gui.messages</name>
  <message>
   <source>Cardiac segmentation</source>
   <translation>Herzsegmentierung</translation>
  </message>
  <message>
   <source>The program has a defect: {error}. Slicer's error log tells the developers more.</source>
   <translation>Das Programm hat einen Fehler: {error}. Slicers Fehlerprotokoll sagt den Entwicklern mehr.</translation>
  </message>
 </context>
 <context>
  <name>gui.overview</name>
  <message>
   <source>base</source>
   <translation>Basis</translation>
  </message>
  <message>
   <source>apex</source>
   <translation>Apex</translation>
  </message>
  <message>
   <source>ED and ES</source>
   <translation>ED und ES</translation>
  </message>
  <message>
   <source>All phases</source>
   <translation>Alle Phasen</translation>
  </message>
  <message>
   <source>Click: go there. Frame: a doubt. {seen}: looked at. Dashed, dimmed: does not count.</source>
   <translation>Klick: dorthin. Rahmen: ein Zweifel. {seen}: angesehen. Gestrichelt, abgedunkelt: zählt nicht.</translation>
  </message>
  <message>
   <source>Back to the views (V)</source>
   <translation>Zurück zu den Ansichten (V)</translation>
  </message>
  <message>
   <source>phase {number}</source>
   <translation>Phase {number}</translation>
  </message>
 </context>
 <context>
  <name>gui.packages</name>
  <message>
   <source>Slicer 5.12 or newer can install it.</source>
   <translation>Slicer 5.12 oder neuer kann es installieren.</translation>
  </message>
  <message>
   <source>Installing it failed: is this computer online? Slicer's error log has the details.</source>
   <translation>Die Installation ist gescheitert: Ist dieser Computer mit dem Internet verbunden? Näheres steht in Slicers Fehlerprotokoll.</translation>
  </message>
  <message>
   <source>{packages} is needed for this and not installed.</source>
   <translation>{packages} wird dafür gebraucht und ist nicht installiert.</translation>
  </message>
 </context>
 <context>
  <name>gui.proposal_row</name>
  <message>
   <source>Discard</source>
   <translation>Verwerfen</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Take</source>
   <translation>Übernehmen</translation>
  </message>
  <message>
   <source>Next</source>
   <translation>Nächster</translation>
  </message>
  <message>
   <source>Put these contours in place, as one step of undo (Shift+T).</source>
   <translation>Diese Konturen einsetzen, als ein Schritt zum Rückgängigmachen (Umschalt+T).</translation>
  </message>
  <message>
   <source>Show what else the network can see there (A).</source>
   <translation>Zeigen, was das Netz dort noch sehen kann (A).</translation>
  </message>
 </context>
 <context>
  <name>gui.recovery_bar</name>
  <message>
   <source>Work on this study was left unfinished on {when} and is kept ({work}).</source>
   <translation>Zu dieser Studie gibt es unfertige Arbeit vom {when}; sie ist aufbewahrt ({work}).</translation>
  </message>
 </context>
 <context>
  <name>gui.results_panel</name>
  <message>
   <source>Writing …</source>
   <translation>Schreiben …</translation>
  </message>
  <message>
   <source>Cancelled; what was written before stays.</source>
   <translation>Abgebrochen; was schon geschrieben war, bleibt.</translation>
  </message>
  <message>
   <source>Choose the folder that the results are written to.</source>
   <translation>Bitte den Ordner wählen, in den die Ergebnisse geschrieben werden.</translation>
  </message>
  <message>
   <source>{files} of this study are already in {folder}. Replace them?</source>
   <translation>{files} dieser Studie sind schon in {folder}. Ersetzen?</translation>
  </message>
  <message>
   <source>{ventricle}: ED phase {ed} ({ed_slices} slices)</source>
   <translation>{ventricle}: ED Phase {ed} ({ed_slices} Schichten)</translation>
  </message>
  <message>
   <source>, ES phase {es} ({es_slices} slices)</source>
   <translation>, ES Phase {es} ({es_slices} Schichten)</translation>
  </message>
  <message>
   <source>Papillary muscles in the volume</source>
   <translation>Papillarmuskeln im Volumen</translation>
  </message>
  <message>
   <source>Papillary muscles in the mass</source>
   <translation>Papillarmuskeln in der Masse</translation>
  </message>
  <message>
   <source>Body surface {area} m² ({formula})</source>
   <translation>Körperoberfläche {area} m² ({formula})</translation>
  </message>
  <message>
   <source> and {count} more</source>
   <translation> und {count} weitere</translation>
  </message>
  <message>
   <source>Written into {folder}: {files}</source>
   <translation>Geschrieben in {folder}: {files}</translation>
  </message>
 </context>
 <context>
  <name>gui.results_table</name>
  <message>
   <source>Ejection fraction</source>
   <translation>Ejektionsfraktion</translation>
  </message>
  <message>
   <source>End-diastolic volume</source>
   <translation>Enddiastolisches Volumen</translation>
  </message>
  <message>
   <source>End-systolic volume</source>
   <translation>Endsystolisches Volumen</translation>
  </message>
  <message>
   <source>Stroke volume</source>
   <translation>Schlagvolumen</translation>
  </message>
  <message>
   <source>Cardiac output</source>
   <translation>Herzzeitvolumen</translation>
  </message>
  <message>
   <source>Myocardial mass</source>
   <translation>Myokardmasse</translation>
  </message>
  <message>
   <source>EDV index</source>
   <translation>EDV-Index</translation>
  </message>
  <message>
   <source>ESV index</source>
   <translation>ESV-Index</translation>
  </message>
  <message>
   <source>SV index</source>
   <translation>SV-Index</translation>
  </message>
  <message>
   <source>Cardiac index</source>
   <translation>Herzindex</translation>
  </message>
  <message>
   <source>Mass index</source>
   <translation>Massenindex</translation>
  </message>
 </context>
 <context>
  <name>gui.sample</name>
  <message>
   <source>Cardiac cine phantom</source>
   <translation>Herz-Cine-Phantom</translation>
  </message>
 </context>
 <context>
  <name>gui.segment_panel</name>
  <message>
   <source>Of your own:</source>
   <translation>Ein eigenes:</translation>
  </message>
  <message>
   <source>Stopping …</source>
   <translation>Wird angehalten …</translation>
  </message>
  <message>
   <source>Segment again</source>
   <translation>Neu segmentieren</translation>
  </message>
  <message>
   <source>Segment</source>
   <translation>Segmentieren</translation>
  </message>
  <message>
   <source>“{study}” was worked on ({work}). Segmenting again replaces that. Continue?</source>
   <translation>„{study}“ wurde bearbeitet ({work}). Neu zu segmentieren ersetzt das. Fortfahren?</translation>
  </message>
  <message>
   <source>Cancel the segmentation of “{study}”</source>
   <translation>Segmentierung von „{study}“ abbrechen</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>{stage}, {time} left</source>
   <translation>{stage}, noch {time}</translation>
  </message>
  <message>
   <source>Cancelled; nothing was changed.</source>
   <translation>Abgebrochen; nichts wurde geändert.</translation>
  </message>
  <message>
   <source>The corrections were kept; the new segmentation was not used.</source>
   <translation>Die Korrekturen wurden behalten; die neue Segmentierung wurde nicht verwendet.</translation>
  </message>
  <message>
   <source>Segmented.</source>
   <translation>Segmentiert.</translation>
  </message>
  <message>
   <source>Not segmented:</source>
   <translation>Nicht segmentiert:</translation>
  </message>
 </context>
 <context>
  <name>gui.send_dialog</name>
  <message>
   <source>Asking …</source>
   <translation>Frage an …</translation>
  </message>
  <message>
   <source>It answers.</source>
   <translation>Der Knoten antwortet.</translation>
  </message>
  <message>
   <source>It does not take: {kinds}.</source>
   <translation>Er nimmt nicht an: {kinds}.</translation>
  </message>
  <message>
   <source>DICOMweb knows no C-ECHO.</source>
   <translation>DICOMweb kennt kein C-ECHO.</translation>
  </message>
  <message>
   <source>Ask the node with a C-ECHO; nothing is sent.</source>
   <translation>Den Knoten mit einem C-ECHO fragen; gesendet wird nichts.</translation>
  </message>
  <message>
   <source>Send to PACS</source>
   <translation>An PACS senden</translation>
  </message>
  <message>
   <source>AE@host:port, or https://… of a DICOMweb service</source>
   <translation>AE@Rechner:Port, oder https://… eines DICOMweb-Dienstes</translation>
  </message>
  <message>
   <source>Encrypt (TLS)</source>
   <translation>Verschlüsseln (TLS)</translation>
  </message>
  <message>
   <source>PEM file that vouches for the PACS; empty: the system's authorities</source>
   <translation>PEM-Datei, die für das PACS bürgt; leer: die Zertifizierungsstellen des Systems</translation>
  </message>
  <message>
   <source>PEM file with our own certificate and its key, where the PACS asks for one</source>
   <translation>PEM-Datei mit unserem eigenen Zertifikat und Schlüssel, wenn das PACS danach fragt</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>Entfernen</translation>
  </message>
  <message>
   <source>Remember this PACS no longer</source>
   <translation>Dieses PACS nicht mehr merken</translation>
  </message>
  <message>
   <source>SEG, SR, PDF and contours are made anew and sent. To query and retrieve, use Slicer's DICOM module.</source>
   <translation>SEG, SR, PDF und Konturen werden neu erzeugt und gesendet. Zum Suchen und Abrufen dient Slicers DICOM-Modul.</translation>
  </message>
  <message>
   <source>PACS:</source>
   <translation>PACS:</translation>
  </message>
  <message>
   <source>Our AE title:</source>
   <translation>Unser AE-Titel:</translation>
  </message>
  <message>
   <source>Authorities:</source>
   <translation>Zertifizierungsstellen:</translation>
  </message>
  <message>
   <source>Own certificate:</source>
   <translation>Eigenes Zertifikat:</translation>
  </message>
  <message>
   <source>Test</source>
   <translation>Testen</translation>
  </message>
  <message>
   <source>Send</source>
   <translation>Senden</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
 </context>
 <context>
  <name>gui.sending</name>
  <message>
   <source>“{study}” → {address}</source>
   <translation>„{study}“ → {address}</translation>
  </message>
  <message>
   <source>Sending …</source>
   <translation>Senden …</translation>
  </message>
  <message>
   <source>{count} objects stored.</source>
   <translation>{count} Objekte gespeichert.</translation>
  </message>
  <message>
   <source>Cancelled; what was stored before stays there.</source>
   <translation>Abgebrochen; was schon gespeichert war, bleibt dort.</translation>
  </message>
  <message>
   <source>Not everything was stored.</source>
   <translation>Nicht alles wurde gespeichert.</translation>
  </message>
 </context>
 <context>
  <name>gui.sign_panel</name>
  <message>
   <source>Unlock</source>
   <translation>Entsperren</translation>
  </message>
  <message>
   <source>Sign</source>
   <translation>Unterschreiben</translation>
  </message>
  <message>
   <source>Take the signature back, to go on working.</source>
   <translation>Die Unterschrift zurücknehmen, um weiterzuarbeiten.</translation>
  </message>
  <message>
   <source>Answer for these numbers: the reading is locked until it is unlocked.</source>
   <translation>Für diese Zahlen einstehen: Die Befundung ist gesperrt, bis sie entsperrt wird.</translation>
  </message>
  <message>
   <source>{signature}. Nothing can be changed.</source>
   <translation>{signature}. Nichts kann geändert werden.</translation>
  </message>
  <message>
   <source>Copied.</source>
   <translation>Kopiert.</translation>
  </message>
  <message>
   <source>Sign-off</source>
   <translation>Freigabe</translation>
  </message>
  <message>
   <source>Reader's name</source>
   <translation>Name der befundenden Person</translation>
  </message>
  <message>
   <source>Impression</source>
   <translation>Beurteilung</translation>
  </message>
  <message>
   <source>Phrases</source>
   <translation>Textbausteine</translation>
  </message>
  <message>
   <source>Take phrases about size, function and mass from the numbers into the impression.</source>
   <translation>Sätze zu Größe, Funktion und Masse aus den Zahlen in die Beurteilung übernehmen.</translation>
  </message>
  <message>
   <source>Copy as text</source>
   <translation>Als Text kopieren</translation>
  </message>
  <message>
   <source>Put a paragraph for the letter on the clipboard.</source>
   <translation>Einen Absatz für den Brief in die Zwischenablage legen.</translation>
  </message>
 </context>
 <context>
  <name>gui.slice_table</name>
  <message>
   <source>phase {number}: </source>
   <translation>Phase {number}: </translation>
  </message>
  <message>
   <source>1 base</source>
   <translation>1 Basis</translation>
  </message>
  <message>
   <source>{number} apex</source>
   <translation>{number} Apex</translation>
  </message>
 </context>
 <context>
  <name>gui.study_panel</name>
  <message>
   <source>Nothing is selected in the DICOM browser.</source>
   <translation>Im DICOM-Browser ist nichts ausgewählt.</translation>
  </message>
  <message>
   <source>Choose a study</source>
   <translation>Eine Studie wählen</translation>
  </message>
  <message>
   <source>Looking through the files …</source>
   <translation>Die Dateien werden durchgesehen …</translation>
  </message>
  <message>
   <source>Cancelled; nothing was loaded.</source>
   <translation>Abgebrochen; nichts wurde geladen.</translation>
  </message>
  <message>
   <source>This does not look like a short axis. Volumes would be wrong.</source>
   <translation>Das sieht nicht nach einer Kurzachse aus. Die Volumina wären falsch.</translation>
  </message>
  <message>
   <source>Complete: nothing had to be assumed.</source>
   <translation>Vollständig: Es musste nichts angenommen werden.</translation>
  </message>
  <message>
   <source>without a name</source>
   <translation>ohne Namen</translation>
  </message>
 </context>
 <context>
  <name>gui.texts</name>
  <message>
   <source>… and {count} more</source>
   <translation>… und {count} weitere</translation>
  </message>
  <message>
   <source>a moment</source>
   <translation>einen Augenblick</translation>
  </message>
  <message>
   <source>{count} seconds</source>
   <translation>{count} Sekunden</translation>
  </message>
  <message>
   <source>{count} minutes</source>
   <translation>{count} Minuten</translation>
  </message>
  <message>
   <source>Reading the images</source>
   <translation>Bilder werden gelesen</translation>
  </message>
  <message>
   <source>Loading the network</source>
   <translation>Das Netz wird geladen</translation>
  </message>
  <message>
   <source>Segmenting</source>
   <translation>Segmentierung läuft</translation>
  </message>
  <message>
   <source>Measuring</source>
   <translation>Vermessung läuft</translation>
  </message>
  <message>
   <source>Writing results</source>
   <translation>Ergebnisse werden geschrieben</translation>
  </message>
  <message>
   <source>Usual</source>
   <translation>Das übliche</translation>
  </message>
  <message>
   <source>Mean of two networks (takes twice as long)</source>
   <translation>Mittel zweier Netze (dauert doppelt so lang)</translation>
  </message>
 </context>
 <context>
  <name>gui.tools_panel</name>
  <message>
   <source>{count} images would change; they are shown dashed.</source>
   <translation>{count} Bilder würden sich ändern; sie sind gestrichelt gezeigt.</translation>
  </message>
  <message>
   <source>One image would change; it is shown dashed.</source>
   <translation>Ein Bild würde sich ändern; es ist gestrichelt gezeigt.</translation>
  </message>
  <message>
   <source>No image would change.</source>
   <translation>Kein Bild würde sich ändern.</translation>
  </message>
  <message>
   <source>LV, MYO, RV</source>
   <translation>LV, MYO, RV</translation>
  </message>
  <message>
   <source>LV and MYO</source>
   <translation>LV und MYO</translation>
  </message>
  <message>
   <source>LV</source>
   <translation>LV</translation>
  </message>
  <message>
   <source>MYO</source>
   <translation>MYO</translation>
  </message>
  <message>
   <source>RV</source>
   <translation>RV</translation>
  </message>
  <message>
   <source>What copying, growing, smoothing and so on act on: on the image shown only (X).</source>
   <translation>Worauf Kopieren, Vergrößern, Glätten und so weiter wirken: nur im gezeigten Bild (X).</translation>
  </message>
  <message>
   <source>Delete</source>
   <translation>Löschen</translation>
  </message>
  <message>
   <source>Delete structures in the image shown, or in all phases of its slice.</source>
   <translation>Strukturen im gezeigten Bild löschen, oder in allen Phasen seiner Schicht.</translation>
  </message>
  <message>
   <source>RV here (R)</source>
   <translation>RV hier (R)</translation>
  </message>
  <message>
   <source>LV and myocardium here (L)</source>
   <translation>LV und Myokard hier (L)</translation>
  </message>
  <message>
   <source>RV in all phases of this slice (Shift+R)</source>
   <translation>RV in allen Phasen dieser Schicht (Umschalt+R)</translation>
  </message>
  <message>
   <source>LV and myocardium in all phases of this slice (Shift+L)</source>
   <translation>LV und Myokard in allen Phasen dieser Schicht (Umschalt+L)</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Take the structures chosen over from a neighbouring image.</source>
   <translation>Die gewählten Strukturen aus einem Nachbarbild übernehmen.</translation>
  </message>
  <message>
   <source>From previous phase (C)</source>
   <translation>Aus der vorigen Phase (C)</translation>
  </message>
  <message>
   <source>From next phase (Shift+C)</source>
   <translation>Aus der nächsten Phase (Umschalt+C)</translation>
  </message>
  <message>
   <source>From slice above (B)</source>
   <translation>Aus der Schicht darüber (B)</translation>
  </message>
  <message>
   <source>From slice below (N)</source>
   <translation>Aus der Schicht darunter (N)</translation>
  </message>
  <message>
   <source>Change</source>
   <translation>Ändern</translation>
  </message>
  <message>
   <source>Change whole contours of the structures chosen, in the image shown.</source>
   <translation>Ganze Konturen der gewählten Strukturen ändern, im gezeigten Bild.</translation>
  </message>
  <message>
   <source>Grow by 1 mm (+)</source>
   <translation>Um 1 mm weiten (+)</translation>
  </message>
  <message>
   <source>Shrink by 1 mm (-)</source>
   <translation>Um 1 mm verengen (-)</translation>
  </message>
  <message>
   <source>Enlarge by 5 %</source>
   <translation>Um 5 % vergrößern</translation>
  </message>
  <message>
   <source>Reduce by 5 %</source>
   <translation>Um 5 % verkleinern</translation>
  </message>
  <message>
   <source>Smooth (M)</source>
   <translation>Glätten (M)</translation>
  </message>
  <message>
   <source>Snap to edges (E)</source>
   <translation>An Kanten anlegen (E)</translation>
  </message>
  <message>
   <source>Again</source>
   <translation>Neu</translation>
  </message>
  <message>
   <source>Let the network look again; what it sees is shown first. A click or a box says where (9).</source>
   <translation>Das Netz noch einmal hinsehen lassen; was es sieht, wird erst gezeigt. Ein Klick oder ein Rahmen sagt, wo (9).</translation>
  </message>
  <message>
   <source>Segment this slice again; next proposal (A)</source>
   <translation>Diese Schicht neu segmentieren; nächster Vorschlag (A)</translation>
  </message>
  <message>
   <source>Segment this phase again; next proposal (Shift+A)</source>
   <translation>Diese Phase neu segmentieren; nächster Vorschlag (Umschalt+A)</translation>
  </message>
  <message>
   <source>Propagate</source>
   <translation>Übertragen</translation>
  </message>
  <message>
   <source>Carry what you corrected to other images; those you corrected yourself stay as they are.</source>
   <translation>Ihre Korrekturen auf andere Bilder übertragen; von Ihnen selbst korrigierte bleiben, wie sie sind.</translation>
  </message>
  <message>
   <source>To all phases (T)</source>
   <translation>Auf alle Phasen (T)</translation>
  </message>
  <message>
   <source>To the phases between</source>
   <translation>Auf die Phasen dazwischen</translation>
  </message>
  <message>
   <source>To the slices above and below</source>
   <translation>Auf die Schichten darüber und darunter</translation>
  </message>
  <message>
   <source>Fill empty slices</source>
   <translation>Leere Schichten füllen</translation>
  </message>
  <message>
   <source>Fill empty phases</source>
   <translation>Leere Phasen füllen</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorAgainEffect</name>
  <message>
   <source>Segment here</source>
   <translation>Hier segmentieren</translation>
  </message>
  <message>
   <source>Click on the heart, or drag a box over it: the network looks there and proposes what it sees, for this slice; with Shift, for all slices of this phase that you did not correct. A: next proposal.</source>
   <translation>Auf das Herz klicken oder einen Rahmen darum ziehen: das Netz sieht dort nach und schlägt vor, was es findet, für diese Schicht; mit Umschalt für alle Schichten dieser Phase, die Sie nicht korrigiert haben. A: nächster Vorschlag.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPointsEffect</name>
  <message>
   <source>Points</source>
   <translation>Punkte</translation>
  </message>
  <message>
   <source>Distance of points</source>
   <translation>Abstand der Punkte</translation>
  </message>
  <message>
   <source>Press near a border: its control points appear. Drag one; press on the border between two to insert one; press with Shift to delete one. Each moves the stretch between its neighbours and nothing else.</source>
   <translation>Nahe einer Kontur drücken: ihre Stützpunkte erscheinen. Einen ziehen; zwischen zweien auf die Kontur drücken fügt einen ein; mit der Umschalttaste drücken löscht einen. Jeder bewegt das Stück zwischen seinen Nachbarn und sonst nichts.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPullEffect</name>
  <message>
   <source>Pull</source>
   <translation>Ziehen</translation>
  </message>
  <message>
   <source>Reach</source>
   <translation>Reichweite</translation>
  </message>
  <message>
   <source>Press near a border and drag it where it belongs; the others give way. Shift: the wall keeps its thickness.</source>
   <translation>Nahe einer Kontur drücken und sie dorthin ziehen, wo sie hingehört; die anderen weichen aus. Umschalt: die Wand behält ihre Dicke.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorPushEffect</name>
  <message>
   <source>Push</source>
   <translation>Schieben</translation>
  </message>
  <message>
   <source>Radius</source>
   <translation>Radius</translation>
  </message>
  <message>
   <source>Press beside a border and shove it with the round cursor, from inside or outside.</source>
   <translation>Neben einer Kontur drücken und sie mit dem runden Zeiger schieben, von innen oder außen.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.SegmentEditorRedrawEffect</name>
  <message>
   <source>Redraw</source>
   <translation>Neu zeichnen</translation>
  </message>
  <message>
   <source>Draw along part of a border: the line takes the place of that part. A closed line is the whole border of the selected structure, also where there is none.</source>
   <translation>Entlang eines Teils einer Kontur zeichnen: die Linie tritt an dessen Stelle. Eine geschlossene Linie ist die ganze Kontur der gewählten Struktur, auch wo keine ist.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.contour_effect</name>
  <message>
   <source>[ and ], or Shift + wheel: {what}.</source>
   <translation>[ und ] oder Umschalt + Mausrad: {what}.</translation>
  </message>
  <message>
   <source>Esc: let go. It acts on the slice and phase shown only.</source>
   <translation>Esc: loslassen. Wirkt nur auf die gezeigte Schicht und Phase.</translation>
  </message>
 </context>
 <context>
  <name>CardiacSegmentationEffects.image_in_hand</name>
  <message>
   <source>There is no segmentation here.</source>
   <translation>Hier ist keine Segmentierung.</translation>
  </message>
  <message>
   <source>Open the study in the module Cardiac Segmentation: its network looks there.</source>
   <translation>Die Studie im Modul Herzsegmentierung öffnen: dessen Netz sieht dort nach.</translation>
  </message>
  <message>
   <source>Borders are corrected in short-axis views only.</source>
   <translation>Konturen lassen sich nur in Kurzachsenansichten korrigieren.</translation>
  </message>
  <message>
   <source>There is no slice here.</source>
   <translation>Hier ist keine Schicht.</translation>
  </message>
 </context>
</TS>
