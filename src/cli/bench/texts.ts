/** Texts of different lengths, as they are sent to models of text. */
export const TEXTS: readonly string[] = [
  'Yes.',
  'Where is the station?',
  'The parcel arrived two days late.',
  'How do I change the password of my account?',
  'The room was clean and quiet, but the breakfast was cold.',
  'A dog runs through the park.',
  'Please cancel my order and return the money to my card.',
  'The meeting moves to Thursday at ten.',
  'After the update, the app closes as soon as I open the camera, on the phone and on the tablet.',
  'Rain is expected in the north until the evening, with strong winds near the coast.',
  'The council approved the budget on Monday. It spends more on schools and buses, and less on roads. Two members voted against it.',
  'I bought this lamp for my desk. The light is warm and bright enough to read, and the arm holds its position. The cable is a little short, so I had to move the desk nearer to the socket.',
  'Thank you!',
  'Which of the two plans includes calls to other countries?',
  'The river rose by a metre overnight. Volunteers filled sandbags until morning, and the old bridge was closed. By noon the water began to fall, and most families could go back to their homes.',
  'To replace the filter, switch the machine off and wait until it has cooled down. Open the door at the back, turn the filter to the left, and pull it out. Rinse the holder with cold water. Put the new filter in, turn it to the right until it clicks, and close the door. Run the machine once without coffee before you use it again.',
];
